# METADATA
# title: Volume
# description: >-
#   Large generations and batches need the scope that data.settings.bulk names. They are
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
	many_molecules
	not entitled
}

deny contains {
	"id": "too-many-prompts",
	"message": sprintf(
		"Send at most %d prompts at once, or use a credential with the scope %q.",
		[data.settings.bulk.prompts, data.settings.bulk.scope],
	),
	"severity": "low",
} if {
	many_prompts
	not entitled
}

label contains "bulk" if bulk

oblige contains {"type": "tag", "name": "size", "value": "bulk"} if bulk

bulk if many_molecules

bulk if many_prompts

many_molecules if input.body.num_molecules > data.settings.bulk.threshold

many_prompts if input.items > data.settings.bulk.prompts

entitled if data.settings.bulk.scope in input.principal.scopes
