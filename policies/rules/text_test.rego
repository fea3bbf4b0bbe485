package gate.rules.text_test

import data.gate.rules.text

ids(normalised) := found if {
	prompt := {"path": "/prompt", "text": normalised, "normalised": normalised}
	reasons := text.deny with input.prompts as [prompt]
	found := {reason.id | some reason in reasons}
}

test_without_words[normalised] if {
	some normalised in ["", "12345", "?! ...", "🌹🌹"]
	ids(normalised) == {"prompt-without-words"}
}

test_words_of_any_script[normalised] if {
	some normalised in ["rose", "新鮮な柑橘", "роза", "no. 5"]
	ids(normalised) == set()
}

test_encoded_data_is_denied if {
	encoded := "zgvjb2rlihroaxmgyw5kig9izxkgaxqgyxmgawygaxqgd2vyzsbhbiblbnrpcmvseubuzxc="
	ids(encoded) == {"prompt-not-text"} with data.settings.average_word as 30
	ids(concat(" ", ["a", "rose", encoded])) == set() with data.settings.average_word as 30
}

test_average_counts_every_word if {
	ids("rose rose rose") == {"prompt-not-text"} with data.settings.average_word as 3
	ids("rose rose rose") == set() with data.settings.average_word as 5
}

test_script_without_spaces_is_allowed if {
	ids("新鮮な柑橘類と湿った杉の木の香りがする香水") == set() with data.settings.average_word as 3
}

test_molecules_are_no_language[path] if {
	some path in ["/like", "/smiles/7"]
	some smiles in ["cc(c)(c)c1ccc(cc(c)c=o)cc1oc(=o)ccc", "="]
	prompt := {"path": path, "text": smiles, "normalised": smiles}
	reasons := text.deny with input.prompts as [prompt]
		with data.settings.structure_fields as ["/like", "/smiles"]
		with data.settings.average_word as 30
	reasons == set()
}

test_other_fields_are_language[path] if {
	some path in ["/prompt", "/likeness", "/constraints/must/0"]
	prompt := {"path": path, "text": "=", "normalised": "="}
	reasons := text.deny with input.prompts as [prompt] with data.settings.structure_fields as ["/like"]
	count(reasons) == 1
}
