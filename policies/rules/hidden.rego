# METADATA
# title: Hidden text
# description: >-
#   Refuses prompts with text that people do not see, and those in which more is
#   encoded than was decoded. What was decoded is judged like plain text.
# custom:
#   mode: enforce
package gate.rules.hidden

deny contains refusal("The prompt has text in characters that do not show. Send plain text.") if {
	"tags" in input.signals.whole.layers
}

deny contains refusal("The prompt has more encoded text than is decoded. Send plain text.") if {
	input.signals.whole.truncated
}

refusal(message) := {"id": "hidden-text", "message": message, "severity": "medium"}
