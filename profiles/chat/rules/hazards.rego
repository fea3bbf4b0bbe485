# METADATA
# title: Hazardous substances
# description: >-
#   Refuses requests to make, get or hide a dangerous substance: one of
#   hazards/data.yaml beside words for it, which are in terms/data.yaml. To talk
#   about chemistry is fine. A substance that ordinary trades use, a name of
#   something harmless, and a mere verb for making count only where the classifier
#   finds harm possible.
# custom:
#   mode: enforce
package gate.rules.hazards

# What each class of substances is refused as.
ids := {
	"chemical-weapon": "chemical-weapon",
	"toxin": "chemical-weapon",
	"toxic-gas": "chemical-weapon",
	"poison": "chemical-weapon",
	"explosive": "explosive",
	"explosive-precursor": "explosive",
	"controlled-drug": "controlled-drug",
	"drug-precursor": "controlled-drug",
}

# Reports whether the texts ask how to make or get something.
making(_) if count(input.signals.whole.terms.making) > 0

# "How is … made" asks for what stands between, not for what is far from it.
making(hazard) if {
	"how" in hazard.near
	"made" in hazard.near
}

deny contains reason(hazard) if {
	some hazard in input.signals.whole.hazards
	not hazard.innocent
	making(hazard)
}

deny contains reason(hazard) if {
	some hazard in input.signals.whole.hazards
	not hazard.innocent
	"verbs" in hazard.near
	input.signals.whole.harmful in {"possible", "sure"}
}

deny contains reason(hazard) if {
	some hazard in input.signals.whole.hazards
	hazard.innocent
	making(hazard)
	input.signals.whole.harmful in {"possible", "sure"}
}

reason(hazard) := {
	"id": ids[hazard.class],
	"message": sprintf("The text asks how to make or get a dangerous substance (%s, by its %s). This service does not help with it.", [hazard.name, hazard.by]),
	"severity": "critical",
}
