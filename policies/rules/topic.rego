# METADATA
# title: Off topic
# description: >-
#   Refuses prompts that are about something else than a scent. The worst part of
#   a text counts, so that a little perfume hides nothing.
# custom:
#   mode: enforce
package gate.rules.topic

import data.gate.lib.names

deny contains refusal if {
	input.signals.whole.scent == "none"
	not names.alone
}

deny contains refusal if {
	input.signals.whole.scent == "slight"
	input.signals.whole.length == "short"
	not names.alone
}

deny contains refusal if {
	input.signals.whole.scent in {"slight", "doubtful"}
	input.signals.whole.off_topic == "likely"
	not names.alone
}

refusal := {
	"id": "off-topic",
	"message": "The prompt, or a part of it, is not about a scent. Describe a scent only, by its notes, materials or mood.",
	"severity": "low",
}
