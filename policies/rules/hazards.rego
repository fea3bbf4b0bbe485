# METADATA
# title: Hazardous substances
# description: >-
#   Refuses prompts that speak of substances which no scent needs, by name, CAS
#   number, formula or structure. They are in hazards/data.yaml. One that is
#   harmless by itself is refused beside words for making something, which are in
#   terms/data.yaml. A name of a scent that has a substance in it passes alone.
# custom:
#   mode: enforce
package gate.rules.hazards

import data.gate.lib.names

# What each class of substances is refused as.
refusals := {
	"chemical-weapon": agent,
	"toxin": agent,
	"toxic-gas": agent,
	"poison": agent,
	"explosive": {"id": "explosive", "what": "an explosive", "severity": "critical"},
	"explosive-precursor": {"id": "explosive", "what": "what explosives are made of", "severity": "critical"},
	"controlled-drug": {"id": "controlled-drug", "what": "a controlled drug", "severity": "high"},
	"drug-precursor": {"id": "controlled-drug", "what": "what drugs are made of", "severity": "high"},
}

agent := {
	"id": "chemical-weapon",
	"what": "a chemical weapon or a highly toxic agent",
	"severity": "critical",
}

# What a substance is recognised by, in words.
signs := {"name": "name", "cas": "CAS number", "formula": "formula", "structure": "structure"}

deny contains reason(hazard) if {
	some hazard in input.signals.whole.hazards
	not hazard.innocent
	not names.alone
}

deny contains reason(hazard) if {
	some hazard in input.signals.whole.hazards
	hazard.innocent
	count(input.signals.whole.terms.making) > 0
}

reason(hazard) := {
	"id": refusal.id,
	"message": sprintf("The prompt speaks of %s (%s, by its %s). Describe the scent itself, by its notes or materials.", [refusal.what, hazard.name, signs[hazard.by]]),
	"severity": refusal.severity,
} if {
	refusal := refusals[hazard.class]
}
