package gate.rules.code_test

import data.gate.rules.code

ids(text) := found if {
	reasons := code.deny with input.signals.whole as gate.signals("/prompt", text)
	found := {reason.id | some reason in reasons}
}

test_code[text] if {
	some text in [
		"rose <script>alert(1)</script>",
		"cedar' OR 1=1 --",
		"musk; rm -rf /",
		"{{ config.items() }} and iris",
		"../../../../etc/passwd",
	]
	ids(text) == {"code"}
}

test_prose[text] if {
	some text in ["rose & cedar <3", "50% rose; 50% oud", "top -> heart -> base", "what's \"fresh\"?"]
	ids(text) == set()
}
