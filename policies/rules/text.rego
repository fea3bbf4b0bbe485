# METADATA
# title: Text only
# description: >-
#   Refuses prompts that are not text: without any letter, or with words so long
#   that they are encoded data rather than language. Fields for structural
#   formulas are not checked, because the schemas keep prose out of them.
package gate.rules.text

deny contains {
	"id": "prompt-without-words",
	"message": "The prompt has no words. Describe a scent, such as \"fresh citrus over wet cedar\".",
	"severity": "low",
} if {
	some prompt in texts
	not regex.match(`\p{L}`, prompt.normalised)
}

deny contains {
	"id": "prompt-not-text",
	"message": sprintf("The prompt's words have more than %d characters on average. Send plain text, not encoded data.", [limit]),
	"severity": "medium",
} if {
	limit := data.settings.average_word
	some prompt in texts
	count(prompt.normalised) > limit * (strings.count(prompt.normalised, " ") + 1)

	# Other scripts may be written without spaces.
	regex.match(`^[ -~]+$`, prompt.normalised)
}

texts contains prompt if {
	some prompt in input.prompts
	not structural(prompt.path)
}

structural(path) if path in data.settings.structure_fields

structural(path) if {
	some field in data.settings.structure_fields
	startswith(path, concat("", [field, "/"]))
}
