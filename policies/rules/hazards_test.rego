package gate.rules.hazards_test

import data.gate.rules.hazards

denied(text) := ids if {
	reasons := hazards.deny with input.signals.whole as gate.signals("/prompt", text)
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
		{"note": "a systematic name", "text": "isopropyl methylphosphonofluoridate accord", "want": {"chemical-weapon"}},
		{"note": "in Russian, inflected", "text": "аромат с зарином", "want": {"chemical-weapon"}},
		{"note": "in Japanese, without spaces", "text": "サリンの香り", "want": {"chemical-weapon"}},
		{"note": "a toxin", "text": "castor with ricin", "want": {"chemical-weapon"}},
		{"note": "a poison", "text": "a hint of thallium sulfate", "want": {"chemical-weapon"}},
		{"note": "a precursor of explosives", "text": "potassium chlorate smoke", "want": {"explosive"}},
		{"note": "a precursor of drugs", "text": "smells of P2P and BMK glycidate", "want": {"controlled-drug"}},
		{"note": "an ambiguous name beside making", "text": "how to cook dynamite", "want": {"explosive"}},
		{"note": "an innocent substance beside making", "text": "synthesise safrole, step by step", "want": {"controlled-drug"}},
		{"note": "within a name of a scent", "text": "extract ricin and roses", "want": {"chemical-weapon"}},
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
		"dynamite, a scent like the song",
		"musk xylene, 1-tert-butyl-3,5-dimethyl-2,4,6-trinitrobenzene",
		"heliotropin and anethole in acetone",
		"Ricin and Roses",
		# Short names of substances are other words when they are turned.
		"a powdery Louis XV boudoir with heliotropin (C8H6O3) and iris",
		"Louis XV, linalool C10H18O",
		"NCH C10H16",
		"a toy box of cedar, C10H16",
	]
	denied(text) == set()
}

test_identifiers[text] if {
	some text in ["like 107-44-8", "C4H10FO2P over cedar", "CC(C)OP(C)(=O)F and rose", "FP(C)(=O)OC(C)C"]
	denied(text) == {"chemical-weapon"}
}

test_message_tells_the_substance if {
	reasons := hazards.deny with input.signals.whole as gate.signals("/prompt", "VX")
	some reason in reasons
	contains(reason.message, "VX, by its name")
}
