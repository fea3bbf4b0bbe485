package gate.rules.harm_test

import data.gate.rules.harm

ids(text) := found if {
	reasons := harm.deny with input.signals.whole as gate.signals("/prompt", text)
	found := {reason.id | some reason in reasons}
}

test_phrase if ids("a scent that kills everyone in the room") == {"harmful-request"}

test_classified if {
	reasons := harm.deny with input.signals.whole as {"terms": {}, "harmful": "sure"}
	{reason.id | some reason in reasons} == {"harmful-request"}
}

test_possible[scent] if {
	some scent, want in {"none": 1, "doubtful": 1, "likely": 0}
	text := {"terms": {}, "harmful": "possible", "scent": scent}
	count(harm.deny) == want with input.signals.whole as text
}

test_harmless[text] if {
	some text in ["a drop-dead gorgeous tuberose", "killer jasmine with smoke", "an addictive vanilla"]
	ids(text) == set()
}
