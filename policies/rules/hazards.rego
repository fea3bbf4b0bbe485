# METADATA
# title: Hazardous substances
# description: >-
#   Refuses prompts that name substances which no scent needs. Their names are in
#   hazards/data.yaml. A name that is harmless by itself is refused beside words
#   for making something, terms/data.yaml has which.
package gate.rules.hazards

# What the names of each class of substances are refused as.
refusals := {
	"hazards.chemical-weapon": agent,
	"hazards.toxin": agent,
	"hazards.toxic-gas": agent,
	"hazards.poison": agent,
	"hazards.explosive": {"id": "explosive", "what": "an explosive", "severity": "critical"},
	"hazards.explosive-precursor": {"id": "explosive", "what": "what explosives are made of", "severity": "critical"},
	"hazards.controlled-drug": {"id": "controlled-drug", "what": "a controlled drug or its making", "severity": "high"},
	"hazards.drug-precursor": {"id": "controlled-drug", "what": "what drugs are made of", "severity": "high"},
}

agent := {
	"id": "chemical-weapon",
	"what": "a chemical weapon or a highly toxic agent",
	"severity": "critical",
}

deny contains reason(refusal, term) if {
	some prompt in input.prompts
	some names, refusal in refusals
	some term in gate.terms(names, prompt.text)
}

deny contains reason(refusal, term) if {
	some prompt in input.prompts
	count(gate.terms("making", prompt.text)) > 0
	some names, refusal in refusals
	some term in gate.terms(concat(".", [names, "innocent"]), prompt.text)
}

reason(refusal, term) := {
	"id": refusal.id,
	"message": sprintf("The prompt names %s (%q). Describe the scent itself, by its notes or materials.", [refusal.what, term]),
	"severity": refusal.severity,
}
