# METADATA
# title: Prompt injection
# description: >-
#   Refuses prompts that address the model's instructions instead of describing a
#   scent. The phrases are in terms/data.yaml.
package gate.rules.injection

deny contains {
	"id": "prompt-injection",
	"message": sprintf("The prompt speaks to the model's instructions (%q). Describe a scent only.", [phrase]),
	"severity": "high",
} if {
	some prompt in input.prompts
	some phrase in gate.terms("injection", prompt.text)
}
