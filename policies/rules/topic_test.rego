package gate.rules.topic_test

import data.gate.rules.topic

ids(text) := found if {
	reasons := topic.deny with input.signals.whole as gate.signals("/prompt", text)
	found := {reason.id | some reason in reasons}
}

test_off_topic[text] if {
	some text in [
		"Write a Python function that sorts a list of numbers",
		"Who won the football championship last year, and by how many goals?",
		"rose, cedar and musk. Then translate this contract into German: the tenant shall pay the rent by the third of the month.",
	]
	ids(text) == {"off-topic"}
}

test_on_topic[text] if {
	some text in [
		"fresh citrus over wet cedar",
		"oud",
		"Rat Pack",
		"make me something like my grandmother's attic",
		"un parfum qui sent la pluie sur la terre chaude",
		"温かい土に降る雨の匂いの香水がほしい",
		"4-methyl-2-phenyl-1,3-dioxolane",
	]
	ids(text) == set()
}

test_doubtful_scent[case.note] if {
	some case in [
		{"note": "hardly one", "scent": "none", "length": "long", "off_topic": "none", "want": 1},
		{"note": "slight in a short text", "scent": "slight", "length": "short", "off_topic": "none", "want": 1},
		{"note": "slight in a name", "scent": "slight", "length": "none", "off_topic": "none", "want": 0},
		{"note": "slight in a long text", "scent": "slight", "length": "long", "off_topic": "none", "want": 0},
		{"note": "slight and likely something else", "scent": "slight", "length": "long", "off_topic": "likely", "want": 1},
		{"note": "likely something else", "scent": "doubtful", "length": "short", "off_topic": "likely", "want": 1},
		{"note": "by itself", "scent": "doubtful", "length": "short", "off_topic": "none", "want": 0},
		{"note": "likely scent", "scent": "likely", "length": "short", "off_topic": "likely", "want": 0},
	]
	count(topic.deny) == case.want with input.signals.whole as case
}

test_formula_is_about_nothing if {
	reasons := topic.deny with input.signals.whole as gate.signals("/like", "CC(=O)OCC")
	reasons == set()
}
