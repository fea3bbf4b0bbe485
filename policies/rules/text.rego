# METADATA
# title: Text only
# description: >-
#   Refuses prompts that are not text: without any letter, or with words so long
#   that they are encoded data rather than language. Fields for structural
#   formulas are left alone: the schemas keep prose out of them.
# custom:
#   mode: enforce
package gate.rules.text

deny contains {
	"id": "prompt-without-words",
	"message": "The prompt has no words. Describe a scent, such as \"fresh citrus over wet cedar\".",
	"severity": "low",
} if {
	some text in input.signals.texts
	text.kind == "prose"
	text.letters == "none"
}

deny contains {
	"id": "prompt-not-text",
	"message": "The prompt's words are too long for a language. Send plain text, not encoded data.",
	"severity": "medium",
} if {
	some text in input.signals.texts
	text.kind == "prose"
	text.average_word == "long"

	# Other scripts may be written without spaces.
	text.scripts == ["latin"]
}
