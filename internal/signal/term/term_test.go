package term_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/term"
)

func TestTermsAreFoundAsWords(t *testing.T) {
	wantTerms(t, dictionaryOf(t, "nerve agent", "agent", "TNT", "synthes*", "c-4", "神経剤", "café"), map[string][]string{
		"":                           nil,
		"a nerve agent":              {"nerve agent", "agent"},
		"Nerve-Agent!":               {"nerve agent", "agent"},
		"nerve\n agent":              {"nerve agent", "agent"},
		"nerve, agent":               {"nerve agent", "agent"},
		"nerve’agent":                {"nerve agent", "agent"},
		"nerves agent":               {"agent"},
		"reagent":                    nil,
		"agents":                     nil,
		"tnt":                        {"TNT"},
		"(TNT)":                      {"TNT"},
		"tnts":                       nil,
		"ＴＮＴ":                        {"TNT"},
		"synthesise it":              {"synthes*"},
		"photosynthesis":             nil,
		"C4":                         nil,
		"C 4":                        {"c-4"},
		"神経剤":                        {"神経剤"},
		"the cafe":                   {"café"},
		"agent agent agent":          {"agent"},
		"tnt agent":                  {"TNT", "agent"},
		strings.Repeat("rose ", 900): nil,
	})
}

func TestTermsAreFoundThroughInvisibleCharacters(t *testing.T) {
	terms := dictionaryOf(t, "nerve agent", "sarin", "ignore previous instructions", "synthes*", "c-4", "神経剤", "café noir", "한국어 말")
	wantTerms(t, terms, map[string][]string{
		"nerve\u200bagent":                       {"nerve agent"},
		"nerve\u00adagent":                       {"nerve agent"},
		"nerve\u200b agent":                      {"nerve agent"},
		"ner\u200bve\u200bagent":                 {"nerve agent"},
		"n\u200be\u200br\u200bv\u200be agent":    {"nerve agent"},
		"a\u200bnerve\u2060agent\u200bplease":    {"nerve agent"},
		"sa\u200brin":                            {"sarin"},
		"make\u200bsarin":                        {"sarin"},
		"make\u200bsa\u200brin\u200bnow":         {"sarin"},
		"ignore\u200bprevious instructions":      {"ignore previous instructions"},
		"ignore\u200bprevious\u200binstructions": {"ignore previous instructions"},
		"photo\u00adsynthesis":                   {"synthes*"},
		"syn\u200bthesis":                        {"synthes*"},
		"C\u200b4":                               {"c-4"},
		"神\u200b経剤":                              {"神経剤"},
		"cafe\u200b\u0301noir":                   {"café noir"},
		"\u1112\u200b\u1161\u11ab국어\u200b말":      {"한국어 말"},
		"sarin":                   {"sarin"},
		"nerveagent":              nil,
		"makesarin":               nil,
		"sa-rin":                  nil,
		"sa\u200b rin":            nil,
		"sa\u200b\u00a0\u200brin": nil,
		"cafe\u0301noir":          nil,
		"sari\u0301\u200bn":       {"sarin"},
		"\u200b":                  nil,
	})
}

func TestWordsEndWhereTheirScriptDoes(t *testing.T) {
	terms := dictionaryOf(t, "VX", "神経剤", "サリン", "毒气", "사린", "ยาพิษ", "毒か", "яд")
	wantTerms(t, terms, map[string][]string{
		"強力な神経剤の香り": {"神経剤"},
		"制造毒气的方法":   {"毒气"},
		"サリンを作る":    {"サリン"},
		"猛毒サリンの":    {"サリン"},
		"がサリンが":     {"サリン"},
		"サリンジャーの本":  nil,
		"ジサリン":      nil,
		"VXガスの香り":   {"VX"},
		"VX가스":      {"VX"},
		"VXa":       nil,
		"사린":        {"사린"},
		"사린을":       nil,
		"毒사린":       {"사린"},
		"ฉันอยากได้ยาพิษ": {"ยาพิษ"},
		"ยาพิษ์":          nil,
		"毒がある":            nil,
		"яд":              {"яд"},
		"ядро":            nil,
	})
}

func TestHitsSayWhere(t *testing.T) {
	d := dictionaryOf(t, "nerve agent", "agent", "synthes*", "神経剤")
	text := "a nerve\u00ad-\u00adagent, synthesis 神経剤!"
	var got []string
	for _, hit := range hits(d.Dictionary, text) {
		got = append(got, text[hit.Start:hit.End])
	}
	if want := []string{"nerve\u00ad-\u00adagent", "agent", "synthes", "神経剤"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestATermOfSeveralSetsIsFoundInEach(t *testing.T) {
	d, err := term.New([]term.Set{
		{Name: "a", Terms: []string{"nerve agent", "Nerve-Agent"}},
		{Name: "b", Terms: []string{"rose", "NERVE AGENT"}},
		{Name: "c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []term.Hit{{Set: 0, Term: 0, Start: 2, End: 13}, {Set: 1, Term: 1, Start: 2, End: 13}}
	if got := hits(d, "a nerve agent"); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func TestASearchEndsWhenItIsToldTo(t *testing.T) {
	d, calls := dictionaryOf(t, "rose", "a rose"), 0
	d.Scan("a rose is a rose", func(term.Hit) bool {
		calls++
		return calls < 2
	})
	if calls != 2 {
		t.Errorf("%d hits were reported", calls)
	}
}

func TestWhatCannotBeSearchedForIsNamed(t *testing.T) {
	for text, reason := range map[string]string{
		"":                        "without a letter or digit",
		" - *":                    "without a letter or digit",
		strings.Repeat("ab", 513): "with more than 1024 bytes of letters",
	} {
		_, err := term.New([]term.Set{{Name: "empty"}, {Name: "poisons", Terms: []string{"sarin", text}}})
		wrong, ok := errors.AsType[*term.Error](err)
		if !ok || wrong.Set != "poisons" || wrong.Item != 1 || wrong.Reason != reason {
			t.Errorf("error = %v", err)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	d := dictionaryOf(t, "nerve agent", "sarin", "神経剤")
	const text = "fresh citrus over a nerve agent, 新鮮な柑橘 and cedar"
	count := 0
	if got := testing.AllocsPerRun(100, func() {
		d.Scan(text, func(term.Hit) bool {
			count++
			return true
		})
	}); got != 0 {
		t.Errorf("%v allocations a search", got)
	}
	if count == 0 {
		t.Error("nothing was found")
	}
}
