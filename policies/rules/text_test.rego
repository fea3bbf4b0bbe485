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

test_longest_word_is_allowed if ids(repeated(data.settings.longest_word)) == set()

test_longer_word_is_denied if ids(repeated(data.settings.longest_word + 1)) == {"prompt-not-text"}

test_long_prompt_of_short_words_is_allowed if ids(sprintf("rose %s rose", [repeated(data.settings.longest_word)])) == set()

# A word of n letters.
repeated(n) := substring(regex.replace(sprintf("%100d", [0]), `.`, "aaaaaaaaaa"), 0, n)
