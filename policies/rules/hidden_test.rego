package gate.rules.hidden_test

import data.gate.rules.hidden

ids(signals) := found if {
	reasons := hidden.deny with input.signals.whole as signals
	found := {reason.id | some reason in reasons}
}

# "sarin" in tag characters
test_tag_characters if {
	ids(gate.signals("/prompt", "rose\udb40\udc73\udb40\udc61\udb40\udc72\udb40\udc69\udb40\udc6e")) == {"hidden-text"}
}

test_more_than_is_decoded if ids({"layers": [], "truncated": true}) == {"hidden-text"}

test_plain_text if ids(gate.signals("/prompt", "rose and cedar")) == set()
