# METADATA
# title: Text only
# description: >-
#   Refuses prompts that are not text: without any letter, or with a word so long that it is
#   encoded data rather than language.
package gate.rules.text

deny contains {
	"id": "prompt-without-words",
	"message": "The prompt has no words. Describe a scent, such as \"fresh citrus over wet cedar\".",
	"severity": "low",
} if {
	some prompt in input.prompts
	not regex.match(`\p{L}`, prompt.normalised)
}

deny contains {
	"id": "prompt-not-text",
	"message": sprintf("The prompt has a word of more than %d characters. Send plain text, not encoded data.", [longest]),
	"severity": "medium",
} if {
	longest := data.settings.longest_word
	some prompt in input.prompts
	count(prompt.normalised) > longest
	some word in split(prompt.normalised, " ")
	count(word) > longest
}
