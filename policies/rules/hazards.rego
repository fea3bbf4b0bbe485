# METADATA
# title: Hazardous substances
# description: >-
#   Refuses prompts that name substances which no scent needs. The names are in
#   terms/data.yaml, one list for each reason.
package gate.rules.hazards

deny contains reason("chemical-weapon", "a chemical weapon or a highly toxic agent", "critical", term) if {
	some prompt in input.prompts
	some term in gate.terms("chemical_weapons", prompt.text)
}

deny contains reason("explosive", "an explosive", "critical", term) if {
	some prompt in input.prompts
	some term in gate.terms("explosives", prompt.text)
}

deny contains reason("controlled-drug", "a controlled drug or its making", "high", term) if {
	some prompt in input.prompts
	some term in gate.terms("controlled_drugs", prompt.text)
}

reason(id, what, severity, term) := {
	"id": id,
	"message": sprintf("The prompt names %s (%q). Describe the scent itself, by its notes or materials.", [what, term]),
	"severity": severity,
}
