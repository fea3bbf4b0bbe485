package signal

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/decode"
	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/pattern"
	"github.com/odordiff/odordiff/internal/signal/term"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// A text must not be taken for one that hides something because there was no
// time to decode it.
func TestALackOfTimeIsNoSignal(t *testing.T) {
	dictionary, err := term.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &Knowledge{Dictionary: dictionary, Harmless: -1, Titles: -1, Guard: guard.Default()}
	const text = "rose bGlrZSBzYXJpbiBhbmQgaXJpcw== iris"
	if _, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return true }); !errors.Is(err, textnorm.ErrExpired) {
		t.Errorf("error = %v", err)
	}
	s, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return false })
	if err != nil || s.Truncated || len(s.Layers) != 1 {
		t.Errorf("signals = %+v, error = %v", s, err)
	}
}

// knowing returns the knowledge of two substances.
func knowing(t *testing.T) *Knowledge {
	t.Helper()
	table, err := hazard.Load(map[string]any{"substances": []any{map[string]any{
		"name": "sarin", "class": "chemical-weapon", "source": "CWC", "names": []any{"sarin"}, "cas": []any{"107-44-8"},
		"formula": "C4H10FO2P", "smiles": "CC(C)OP(C)(=O)F",
	}, map[string]any{
		"name": "sulfur mustard", "class": "chemical-weapon", "source": "CWC", "names": []any{"sulfur mustard"}, "cas": []any{"505-60-2"},
		"formula": "C4H8Cl2S", "smiles": "ClCCSCCCl",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	dictionary, err := term.New([]term.Set{{Name: "names", Terms: table.Terms()}})
	if err != nil {
		t.Fatal(err)
	}
	return &Knowledge{
		Dictionary: dictionary, Hazards: table, Names: decode.NewNames(table.Terms()), Harmless: -1, Titles: -1, Guard: guard.Default(),
	}
}

func TestASubstanceIsFoundWhereTheClientWroteIt(t *testing.T) {
	k := knowing(t)
	for text, want := range map[string]string{
		"rose with C₄H₁₀FO₂P, soft":                         "formula C₄H₁₀FO₂P",
		"rose with C₄H₁₀FO₂P₂":                              "",
		"rose with C4H10FO2P²":                              "formula C4H10FO2P",
		"rose with Ｃ４Ｈ１０ＦＯ２Ｐ":                               "formula Ｃ４Ｈ１０ＦＯ２Ｐ",
		"rose with 𝐂𝟒𝐇𝟏𝟎𝐅𝐎𝟐𝐏":                               "formula 𝐂𝟒𝐇𝟏𝟎𝐅𝐎𝟐𝐏",
		"rose with С4Н10FО2P":                               "formula С4Н10FО2P",
		"rose with C 4 H 1 0 F O 2 P, soft":                 "formula C 4 H 1 0 F O 2 P",
		"rose with ₁₀₇‐₄₄‐₈":                                "cas ₁₀₇‐₄₄‐₈",
		"rose with 107–44−8":                                "cas 107–44−8",
		"rose with 1\u200b07-\u200b44-8":                    "cas 1\u200b07-\u200b44-8",
		"rose with 1 0 7 - 4 4 - 8":                         "cas 1 0 7 - 4 4 - 8",
		"rose with 1.0.7.–.4.4.–.8":                         "cas 1.0.7.–.4.4.–.8",
		"rose with １ ０ ７ － ４ ４ － ８":                         "cas １ ０ ７ － ４ ４ － ８",
		"rose with CC(C)OP(C)(＝Ｏ)F":                         "structure CC(C)OP(C)(＝Ｏ)F",
		"rose with C C ( C ) O P ( C ) ( = O ) F":           "structure C C ( C ) O P ( C ) ( = O ) F",
		"rose\nC\nC\n(\nC\n)\nO\nP\n(\nC\n)\n(\n=\nO\n)\nF": "structure C\nC\n(\nC\n)\nO\nP\n(\nC\n)\n(\n=\nO\n)\nF",
		"rose with Cl.C.C.S.C.C.Cl, soft":                   "structure Cl.C.C.S.C.C.Cl",
		"rose with c2FyaW4= please":                         "name c2FyaW4=",
		"rose with ｃ２Ｆｙａｗ４＝":                                "",
		"rose with ｃ２ＦｙａＷ４＝ please":                         "name ｃ２ＦｙａＷ４＝",
		"rose with QzRIMTBGTzJQIGFuZCBpcmlz":                "formula QzRIMTBGTzJQ",
		"rose with C2H6O and 50-78-2, C C O":                "",
		"rose with 8-44-701, soft":                          "cas 8-44-701",
		"rose with P4U10SB2C, soft":                         "formula P4U10SB2C",
		"rose with F)O=()C(PO)C(CC":                         "structure F)O=()C(PO)C(CC",
		"rose with 110077--4444--88":                        "cas 110077--4444--88",
		"rose with niras, soft":                             "name niras",
		"a fneva accord":                                    "name fneva",
		"dratsum ruflus with rose":                          "name dratsum ruflus",
		// Parts of another word, number and formula.
		"rose with isoniras-ol":       "",
		"rose with 2-8-44-701":        "",
		"rose with CCCl and lCCSCCCC": "",
		// A character more.
		"rose with nirás":               "name nirás",
		"rose with fnevà":               "name fnevà",
		"rose with niras\u0301, soft":   "name niras",
		"rose with niras's scent":       "name niras",
		"rose with niras-like note":     "name niras",
		"rose with iso-niras-ol":        "name niras",
		"rose with 54r1n-like note":     "name 54r1n",
		"rose 8 - 44 - 701":             "cas 8 - 44 - 701",
		"a s a r i n\u0301":             "name s a r i n\u0301",
		"a s a r i n\u200b":             "name s a r i n",
		"a s.a.r.i.n\u200b":             "name s.a.r.i.n",
		"a rose with niras\u200b\u200b": "name niras",
	} {
		s, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range s.Hazards {
			got = append(got, string(h.By)+" "+text[h.Place.Start:h.Place.End])
		}
		slices.Sort(got)
		if got := strings.Join(slices.Compact(got), ", "); got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}

// What stands around a name that is hidden does not matter, nor how much.
func TestASubstanceIsGuessedInALongText(t *testing.T) {
	k := knowing(t)
	japanese, english := strings.Repeat("雨上がりの庭に咲く薔薇", 63), strings.Repeat("rose and wet cedar, ", 100)
	for text, want := range map[string]string{
		"a rose with niras" + strings.Repeat("\u200b", 800):      "niras",
		"a rose with s4r1n" + strings.Repeat("\u200b", 800):      "s4r1n",
		"a rose with s4" + strings.Repeat("\u200b", 800) + "r1n": "s4" + strings.Repeat("\u200b", 800) + "r1n",
		"é" + strings.Repeat("\u200b", 800) + " niras":           "niras",
		"a rose" + strings.Repeat(" ", 3000) + "with niras":      "niras",
		japanese + " niras":                                   "niras",
		japanese + " 8-44-701":                                "8-44-701",
		japanese + " P4U10SB2C":                               "P4U10SB2C",
		english + "niras, " + english:                         "niras",
		english + "fneva, " + english:                         "fneva",
		english + "54r1n, " + english:                         "54r1n",
		english + "dratsum ruflus, " + english:                "dratsum ruflus",
		english + english + english + "C10H16 and " + english: "",
		english + english + english + english:                 "",
	} {
		s, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, h := range s.Hazards {
			got = text[h.Place.Start:h.Place.End]
		}
		if got != want || s.Truncated {
			t.Errorf("%.40q…: found %.40q, want %.40q, truncated %t", text, got, want, s.Truncated)
		}
	}
}

func TestATextWithMoreThanIsLookedAtIsTruncated(t *testing.T) {
	k := knowing(t)
	for text, want := range map[string]bool{
		"rose and cedar": false,
		strings.Repeat("1.1.1.1 ", 2*pattern.MaxMatches):         true,
		strings.Repeat("N C C O ; cedar ", 2*pattern.MaxSpreads): true,
	} {
		s, err := k.Read(text, textnorm.Normalise(text), true, func() bool { return false })
		if err != nil || s.Truncated != want {
			t.Errorf("%.20q…: truncated %t, error %v, want %t", text, s.Truncated, err, want)
		}
	}
}

func TestWhatIsFoundTwiceIsListedOnce(t *testing.T) {
	const text = "linalool 78-70-6 and C₁₀H₁₈O – 5 0 - 7 8 - 2"
	s, err := knowing(t).Read(text, textnorm.Normalise(text), true, func() bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Patterns {
		got = append(got, p.Kind.String()+" "+text[p.Start:p.End])
	}
	want := []string{pattern.CAS.String() + " 78-70-6", pattern.Formula.String() + " C₁₀H₁₈O", pattern.CAS.String() + " 5 0 - 7 8 - 2"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
