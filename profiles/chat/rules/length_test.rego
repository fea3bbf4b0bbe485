package gate.rules.length_test

import data.gate.rules.length

test_long if {
	reasons := length.deny with input.signals.whole.length as "long"
	{reason.id | some reason in reasons} == {"text-too-long"}
}

test_ordinary if {
	length.deny == set() with input.signals.whole as gate.signals("/input", "a few words")
}
