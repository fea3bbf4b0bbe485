package gate.rules.hidden_test

import data.gate.rules.hidden

# "sarin" in tag characters
test_tag_characters if {
	signals := gate.signals("/input", "hello\udb40\udc73\udb40\udc61\udb40\udc72\udb40\udc69\udb40\udc6e")
	reasons := hidden.deny with input.signals.whole as signals
	{reason.id | some reason in reasons} == {"hidden-text"}
}

test_more_than_is_decoded if hidden.label == {"encoded"} with input.signals.whole as {"layers": [], "truncated": true}

test_visible[text] if {
	some text in ["plain text", "👩‍🚀 👍🏽 🇩🇪", "🏴\udb40\udc67\udb40\udc62\udb40\udc65\udb40\udc6e\udb40\udc67\udb40\udc7f", "aGVsbG8gd29ybGQsIHRoaXMgaXMgYmFzZTY0"]
	hidden.deny == set() with input.signals.whole as gate.signals("/input", text)
}
