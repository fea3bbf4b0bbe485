# METADATA
# title: Harm
# description: >-
#   Refuses prompts that ask for what hurts people, even dressed as a scent: by
#   phrases, which are in terms/data.yaml, and by what the classifier takes for a
#   harmful request.
# custom:
#   mode: enforce
package gate.rules.harm

import data.gate.lib.names

deny contains refusal(sprintf("The prompt asks for harm (%q). Describe a scent only.", [phrase])) if {
	some phrase in input.signals.whole.terms.harm
}

deny contains refusal(sprintf("The prompt asks for harm (%q). Describe a scent only.", [phrase])) if {
	some phrase in input.signals.whole.terms.figurative
	input.signals.whole.harmful in {"possible", "sure"}
}

deny contains refusal("The prompt reads like a request for harm. Describe a scent only.") if {
	input.signals.whole.harmful == "sure"
	not names.alone
}

# What is likely a scent gets the benefit of the doubt.
deny contains refusal("The prompt reads like a request for harm. Describe a scent only.") if {
	input.signals.whole.harmful == "possible"
	input.signals.whole.scent != "likely"
	not names.alone
}

refusal(message) := {"id": "harmful-request", "message": message, "severity": "critical"}
