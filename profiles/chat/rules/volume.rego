# METADATA
# title: Volume
# description: >-
#   Many answers at once, and long ones, need the scope that data.settings.volume
#   names. They are labelled for the record.
# custom:
#   mode: enforce
package gate.rules.volume

deny contains {
	"id": "too-much-output",
	"message": sprintf(
		"Ask for at most %d answers of %d tokens, or use a credential with the scope %q.",
		[data.settings.volume.choices, data.settings.volume.output_tokens, data.settings.volume.scope],
	),
	"severity": "low",
} if {
	bulk
	not entitled
}

label contains "bulk" if bulk

bulk if input.body.n > data.settings.volume.choices

bulk if input.body.best_of > data.settings.volume.choices

bulk if input.body.max_tokens > data.settings.volume.output_tokens

bulk if input.body.max_completion_tokens > data.settings.volume.output_tokens

bulk if input.body.max_output_tokens > data.settings.volume.output_tokens

entitled if data.settings.volume.scope in input.principal.scopes
