# METADATA
# title: Hidden text
# description: >-
#   Refuses text in characters that people do not see. Other encodings, such as
#   base64, are ordinary in chat: what they hide is judged like plain text.
# custom:
#   mode: enforce
package gate.rules.hidden

deny contains {
	"id": "hidden-text",
	"message": "The text has parts in characters that do not show. Send plain text.",
	"severity": "medium",
} if {
	"tags" in input.signals.whole.layers
}

label contains "encoded" if input.signals.whole.truncated
