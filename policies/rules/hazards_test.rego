package gate.rules.hazards_test

import data.gate.rules.hazards

denied(text) := ids if {
	prompt := {"path": "/prompt", "text": text, "normalised": gate.normalise(text)}
	reasons := hazards.deny with input.prompts as [prompt]
	ids := {reason.id | some reason in reasons}
}

test_hazard[case.note] if {
	some case in [
		{"note": "a nerve agent", "text": "a molecule like sarin", "want": {"chemical-weapon"}},
		{"note": "in capitals", "text": "SARIN", "want": {"chemical-weapon"}},
		{"note": "in look-alike letters", "text": "ѕаrіn", "want": {"chemical-weapon"}},
		{"note": "with invisible characters", "text": "sa\u200brin", "want": {"chemical-weapon"}},
		{"note": "with an invisible character between words", "text": "nerve\u200bagent", "want": {"chemical-weapon"}},
		{"note": "with invisible characters between and within", "text": "hydro\u00adgen\u2060cya\u200dnide", "want": {"chemical-weapon"}},
		{"note": "with an invisible character to its neighbour", "text": "make\u200bsarin", "want": {"chemical-weapon"}},
		{"note": "hyphenated", "text": "nerve-agent notes", "want": {"chemical-weapon"}},
		{"note": "an explosive", "text": "smells of TATP", "want": {"explosive"}},
		{"note": "making a drug", "text": "how to cook meth", "want": {"controlled-drug"}},
		{"note": "two kinds", "text": "sarin and semtex", "want": {"chemical-weapon", "explosive"}},
	]
	denied(case.text) == case.want
}

# Words of perfumery that resemble a hazard.
test_harmless[text] if {
	some text in [
		"fresh citrus over wet cedar",
		"an oriental in the manner of opium and poison",
		"gunpowder tea with mustard seed",
		"a green cannabis accord",
		"bitter almond and cherry",
		"nitro musk of the 1920s",
		"C-12 aldehyde, C4 chain, vanilla",
		"marinade of rosemary", # contains "arin"
	]
	denied(text) == set()
}

test_message_tells_the_term if {
	reasons := hazards.deny with input.prompts as [{"path": "/prompt", "text": "VX", "normalised": "vx"}]
	some reason in reasons
	contains(reason.message, `"vx"`)
}

test_every_prompt_is_judged if {
	reasons := hazards.deny with input.prompts as [
		{"path": "/messages/0/content", "text": "rose", "normalised": "rose"},
		{"path": "/messages/1/content", "text": "sarin", "normalised": "sarin"},
	]
	count(reasons) == 1
}
