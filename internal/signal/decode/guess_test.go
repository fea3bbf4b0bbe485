package decode

import (
	"slices"
	"strings"
	"testing"
)

func TestATextIsReadInEveryWayInWhichItMayBeWritten(t *testing.T) {
	names := NewNames([]string{"sarin", "kampfstoff*", "potassium cyanide"})
	for name, tc := range map[string]struct{ text, encoding, want string }{
		"a formula in rot13":              {"P4U10SB2C jnk", "rot13", "C4H10FO2P wax"},
		"a SMILES in rot13":               {"PP(P)BC(P)(=B)S", "rot13", "CC(C)OP(C)(=O)F"},
		"a formula backwards":             {"xaw P2OF01H4C", "reversed", "C4H10FO2P wax"},
		"a number backwards":              {"a rose with 8-44-701", "reversed", "107-44-8 htiw esor a"},
		"a number backwards in its place": {"a rose with 8-44-701", "reversed", "a esor htiw 107-44-8"},
		"a name in rot13":                 {"a soft fneva accord", "rot13", "n fbsg sarin nppbeq"},
		"a name backwards":                {"a soft niras accord", "reversed", "a tfos sarin drocca"},
		"the beginning of words":          {"a soft ffotsfpmak accord", "reversed", "a tfos kampfstoff drocca"},
		"the longest word of a name":      {"edinayc muissatop, a soft accord", "reversed", "drocca tfos a ,potassium cyanide"},
		"leet in a name of a chemical":    {"1-ph3nyl-2-pr0p4n0n3 r0s3", "leet", "1-phenyl-2-propanone rose"},
		"leet of l":                       {"3thy1 r0s3", "leet", "ethyl rose"},
		"leet with accents":               {"7ö73n", "leet", "töten"},
		"doubled numbers":                 {"112211--8822--44", "doubled", "121-82-4"},
		"doubled SMILES":                  {"CCllCC((==OO))CCll", "doubled", "ClC(=O)Cl"},
		"dotted short words":              {"m.o.t.h.e.r o.f s.a.t.a.n", "spelled", "mother of satan"},
		"dotted signs":                    {"b.i.s.(.2.-.c.h.l.o.r.o", "spelled", "bis(2-chloro"},
		"spaced words":                    {"w i l d n i l i n", "spelled", strings.Join(strings.Split("wildnilin", ""), "\u00ad")},
	} {
		t.Run(name, func(t *testing.T) {
			layers, _ := Layers(tc.text, Limits{Names: names})
			if !slices.ContainsFunc(layers, func(l Layer) bool { return l.Encoding == tc.encoding && l.Text == tc.want }) {
				t.Errorf("%q gives %+v, want %s %q", tc.text, layers, tc.encoding, tc.want)
			}
		})
	}
}

func TestAGuessLeadsToWhatTheClientSent(t *testing.T) {
	for text, want := range map[string]struct{ guess, part, origin string }{
		"3thy1 54r1n-1ik3":          {"ethyl sarln-like", "sarln", "54r1n"},
		"w i t h o u t s":           {"w\u00adi\u00adt\u00adh\u00ado\u00adu\u00adt\u00ads", "t\u00adh", "t h"},
		"r.o.s.e o.f s.a.t.a.n.":    {"rose of satan", "of satan", "o.f s.a.t.a.n"},
		"rroossee ooff 112211--882": {"rose of 112211--882", "se of", "ssee ooff"},
		"rose 8-44-701":             {"107-44-8 esor", "44-8", "8-44"},
	} {
		layers, _ := Layers(text, Limits{})
		i := slices.IndexFunc(layers, func(l Layer) bool { return l.Text == want.guess })
		if i < 0 {
			t.Errorf("%q gives %+v, want %q", text, layers, want.guess)
			continue
		}
		start := strings.Index(want.guess, want.part)
		if from, to := layers[i].Origin(start, start+len(want.part)); text[from:to] != want.origin {
			t.Errorf("%q: %q comes from %q, want %q", text, want.part, text[from:to], want.origin)
		}
	}
}

func TestNothingIsGuessed(t *testing.T) {
	names := NewNames([]string{"sarin", "potassium cyanide", "level"})
	for name, text := range map[string]string{
		"of prose":                   "fresh citrus over wet cedar, with a little smoke",
		"of names of chemicals":      "4-methyl-2-phenyl-1,3-dioxolane",
		"of measures":                "100ml, 50% of it rose, 5mg of musk in 1998",
		"of names as they stand":     "a sarin accord with potassium cyanide",
		"of a text full of formulas": strings.Repeat("C10H16, cedar, ", longestGuess/14) + "P4U10SB2C and niras",
		"of what reads in both ways": "level",
	} {
		t.Run(name, func(t *testing.T) {
			if layers, _ := Layers(text, Limits{Names: names}); len(layers) > 0 {
				t.Errorf("%.60q gives %+v", text, layers)
			}
		})
	}
}
