# METADATA
# title: Hazardous substances
# description: >-
#   Refuses prompts that name substances which no scent needs. Their names are in
#   hazards/data.yaml. A name that is harmless by itself is refused beside words
#   for making something, terms/data.yaml has which.
package gate.rules.hazards

# What a class of substances is refused as.
refusals := {
	"chemical-weapon": {"id": "chemical-weapon", "what": agent, "severity": "critical"},
	"toxin": {"id": "chemical-weapon", "what": agent, "severity": "critical"},
	"toxic-gas": {"id": "chemical-weapon", "what": agent, "severity": "critical"},
	"poison": {"id": "chemical-weapon", "what": agent, "severity": "critical"},
	"explosive": {"id": "explosive", "what": "an explosive", "severity": "critical"},
	"explosive-precursor": {"id": "explosive", "what": "what explosives are made of", "severity": "critical"},
	"controlled-drug": {"id": "controlled-drug", "what": "a controlled drug or its making", "severity": "high"},
	"drug-precursor": {"id": "controlled-drug", "what": "what drugs are made of", "severity": "high"},
}

agent := "a chemical weapon or a highly toxic agent"

deny contains reason(refusal, term) if {
	some prompt in input.prompts
	some class, refusal in refusals
	some term in gate.terms(sprintf("hazards.%s", [class]), prompt.text)
}

deny contains reason(refusal, term) if {
	some prompt in input.prompts
	count(gate.terms("making", prompt.text)) > 0
	some class, refusal in refusals
	some term in gate.terms(sprintf("hazards.%s.innocent", [class]), prompt.text)
}

reason(refusal, term) := {
	"id": refusal.id,
	"message": sprintf("The prompt names %s (%q). Describe the scent itself, by its notes or materials.", [refusal.what, term]),
	"severity": refusal.severity,
}
