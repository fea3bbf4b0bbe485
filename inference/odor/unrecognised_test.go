package odor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnrecognisedWordsAreToldAsThePromptSpellsThem(t *testing.T) {
	for prompt, want := range map[string][]string{
		"лимон":                             {"лимон"},
		"Zorblatt, rose and (zorblatt)":     {"Zorblatt"},
		"Qwérty\u2019s «ÅSDF»":              {"Qwérty\u2019s", "ÅSDF"},
		"qw\u200berty-asdf":                 {"qw\u200berty", "asdf"},
		"ｑｗｅｒｔｙ with rose":                  {"ｑｗｅｒｔｙ"},
		"rose":                              nil,
		"not the base, rose":                {"base"},
		strings.Repeat("qwxz ", 3) + "zzqq": {"qwxz", "zzqq"},
	} {
		if diff := cmp.Diff(want, interpreter(t).Interpret(prompt).Unrecognised); diff != "" {
			t.Errorf("%q:\n%s", prompt, diff)
		}
	}
}

func TestKnownWordsAreSuggestedForUnrecognisedOnes(t *testing.T) {
	for prompt, want := range map[string][]Suggestion{
		"Sandlewod and rose":     {{"Sandlewod", []string{"sandalwood"}}},
		"cinammon":               {{"cinammon", []string{"cinnamon"}}},
		"chipre":                 {{"chipre", []string{"chypre", "chile", "chive"}}},
		"qwxyzt":                 nil, // nothing is like it
		"shoulder":               nil, // an ordinary word, spelled as it should be
		"лимон":                  nil,
		strings.Repeat("r", 100): nil,
	} {
		if diff := cmp.Diff(want, interpreter(t).Interpret(prompt).Suggestions); diff != "" {
			t.Errorf("%q:\n%s", prompt, diff)
		}
	}
}

func TestSuggestionsAreForTheFirstFewWords(t *testing.T) {
	var prompt strings.Builder
	for _, first := range "abcdefghijklmnopqrstuvwxyz" {
		prompt.WriteString("sandlewo" + string(first) + "d ")
	}
	i := interpreter(t).Interpret(prompt.String())
	if len(i.Unrecognised) <= suggestedFor || len(i.Suggestions) == 0 || len(i.Suggestions) > suggestedFor {
		t.Errorf("%d suggestions for %d words", len(i.Suggestions), len(i.Unrecognised))
	}
}

func TestFamiliesOfPerfumesAreAccords(t *testing.T) {
	for prompt, want := range map[string][]string{
		"chypre":           {"mossy", "bergamot", "amber", "patchouli", "woody"},
		"a floral chypre":  {"mossy", "bergamot", "rose", "amber"},
		"fougère":          {"lavender", "tonka", "mossy", "geranium", "bergamot"},
		"oriental":         {"amber", "vanilla", "balsamic", "spicy"},
		"eau de cologne":   {"citrus", "bergamot", "orange blossom", "lavender", "rosemary"},
		"cologne":          {"citrus", "bergamot", "orange blossom", "lavender", "rosemary"},
		"aldehydic floral": {"aldehydic", "floral", "soapy"},
		"gourmand":         {"gourmand", "sweet"},
	} {
		i := interpreter(t).Interpret(prompt)
		for _, descriptor := range want {
			if !hears(i, descriptor) {
				t.Errorf("%q is %s, without %s", prompt, describe(i), descriptor)
			}
		}
	}
}
