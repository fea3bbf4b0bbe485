# METADATA
# title: Personal data and secrets
# description: >-
#   Labels prompts with personal data. Would refuse those with a password or key:
#   whoever enforces this keeps them from the model and its logs.
# custom:
#   mode: observe
package gate.rules.personal

deny contains {
	"id": "secret",
	"message": sprintf("The prompt has what looks like a secret (%s). Take it out, and change it where it is used.", [kind]),
	"severity": "medium",
} if {
	some kind in input.signals.whole.patterns
	kind in {"aws_key", "github_token", "model_key", "slack_token", "google_key", "token", "jwt", "private_key", "password"}
}

label contains "personal-data" if {
	some kind in input.signals.whole.patterns
	kind in {"email", "phone", "card", "iban", "ip", "post"}
}
