# METADATA
# title: Prompt injection
# description: >-
#   Refuses prompts that address the model's instructions instead of describing a
#   scent: by phrases, which are in terms/data.yaml, and by what the classifier
#   takes for an injection.
# custom:
#   mode: enforce
package gate.rules.injection

deny contains refusal(sprintf("The prompt speaks to the model's instructions (%q). Describe a scent only.", [phrase])) if {
	some phrase in input.signals.whole.terms.injection
}

deny contains refusal("The prompt reads like instructions to a model. Describe a scent only.") if {
	input.signals.whole.injection == "sure"
}

# What is likely a scent gets the benefit of the doubt.
deny contains refusal("The prompt reads like instructions to a model. Describe a scent only.") if {
	input.signals.whole.injection == "possible"
	input.signals.whole.scent != "likely"
}

refusal(message) := {"id": "prompt-injection", "message": message, "severity": "high"}
