# METADATA
# title: Volume
# description: >-
#   Large generations need the scope that data.settings.bulk names. They are
#   labelled for the record.
# custom:
#   mode: enforce
package gate.rules.volume

deny contains {
	"id": "too-many-molecules",
	"message": sprintf(
		"Ask for at most %d molecules, or use a credential with the scope %q.",
		[data.settings.bulk.threshold, data.settings.bulk.scope],
	),
	"severity": "low",
} if {
	bulk
	not entitled
}

label contains "bulk" if bulk

oblige contains {"type": "tag", "name": "size", "value": "bulk"} if bulk

bulk if input.body.num_molecules > data.settings.bulk.threshold

entitled if data.settings.bulk.scope in input.principal.scopes
