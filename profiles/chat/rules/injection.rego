# METADATA
# title: Prompt injection
# description: >-
#   Refuses texts that try to replace or learn the model's instructions: those that
#   the classifier is sure of, and those that it finds likely to and that have a
#   phrase or several words of terms/data.yaml. Texts that the application writes
#   are left to it.
# custom:
#   mode: enforce
package gate.rules.injection

import data.gate.lib.chat

deny contains refusal(sprintf("The text speaks to the model's instructions (%q). Say what you need in other words.", [phrase])) if {
	some text in input.signals.texts
	text.injection in {"likely", "sure"}
	some phrase in text.terms.injection
	not chat.by_application(text.path)
}

# In a document, words of this kind stand far from each other.
deny contains refusal("The text reads like instructions to take over the model. Say what you need in other words.") if {
	some text in input.signals.texts
	text.injection in {"likely", "sure"}
	count(text.terms.model) > 1
	text.length == "none"
	not chat.by_application(text.path)
}

deny contains refusal("The text reads like instructions to take over the model. Say what you need in other words.") if {
	some text in input.signals.texts
	text.injection == "sure"
	text.length == "none"
	not chat.by_application(text.path)
}

# A document has many passages, and the classifier takes some for injections.
# METADATA
# custom:
#   mode: observe
deny contains refusal("A passage of the text reads like instructions to a model.") if {
	some text in input.signals.texts
	text.injection == "sure"
	text.length != "none"
	not chat.by_application(text.path)
}

refusal(message) := {"id": "prompt-injection", "message": message, "severity": "high"}
