# METADATA
# title: Safety threshold
# description: >-
#   A threshold of the safety screen below that of data.settings.low_safety needs
#   its scope, and is labelled for the record. The backend has a floor of its own,
#   which no scope lowers.
# custom:
#   mode: enforce
package gate.rules.safety

deny contains {
	"id": "safety-too-low",
	"message": sprintf(
		"Ask for a min_safety of at least %v, or use a credential with the scope %q.",
		[data.settings.low_safety.threshold, data.settings.low_safety.scope],
	),
	"severity": "high",
} if {
	low
	not entitled
}

label contains "low-safety" if low

low if input.body.min_safety < data.settings.low_safety.threshold

low if input.body.constraints.min_safety < data.settings.low_safety.threshold

entitled if data.settings.low_safety.scope in input.principal.scopes
