# METADATA
# title: Harm
# description: >-
#   Refuses what the classifier is sure is a request for harm, and what it finds
#   possible beside a phrase of terms/data.yaml. News, history, medicine and
#   fiction speak of harm too, so a phrase alone refuses nothing.
# custom:
#   mode: enforce
package gate.rules.harm

deny contains refusal("The text reads like a request for harm. This service does not help with it.") if {
	input.signals.whole.harmful == "sure"
}

deny contains refusal(sprintf("The text asks for harm (%q). This service does not help with it.", [phrase])) if {
	some text in input.signals.texts
	text.harmful == "possible"
	some phrase in text.terms.harm
}

refusal(message) := {"id": "harmful-request", "message": message, "severity": "critical"}
