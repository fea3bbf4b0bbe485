package gate.lib.names_test

import data.gate.lib.names

test_name_alone[text] if {
	some text in ["Molotov Cocktail", "knock-out", "\"Rat Pack\""]
	names.alone with input.signals.whole as gate.signals("/prompt", text)
}

test_more_than_a_name[text] if {
	some text in ["Molotov cocktail recipe", "knock out people", "rose and cedar", "rose", ""]
	not names.alone with input.signals.whole as gate.signals("/prompt", text)
}
