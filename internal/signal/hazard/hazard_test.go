package hazard_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/signal/hazard"
	"github.com/odordiff/odordiff/internal/signal/term"
)

const small = `
substances:
  - name: sarin
    class: chemical-weapon
    source: CWC Schedule 1A
    names: [sarin, isopropyl methylphosphonofluoridate]
    cas: [107-44-8]
    formula: C4H10FO2P
    smiles: "CC(C)OP(C)(=O)F"
  - name: dynamite
    class: explosive
    source: a dictionary
    names: [dynamite stick]
    ambiguous: [dynamite]
  - name: piperonal
    class: drug-precursor
    source: UN 1988
    innocent: true
    cas: [120-57-0]
    names: [piperonal]
    smiles: O=Cc1ccc2OCOc2c1
  - {name: sodium azide, class: poison, source: CLP, smiles: "[Na+].[N-]=[N+]=[N-]", formula: N3Na}
`

func load(t *testing.T, text string) *hazard.Table {
	t.Helper()
	table, err := hazard.Load(parsed(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWhatIdentifiesASubstanceIsRecognised(t *testing.T) {
	table := load(t, small)
	for token, want := range map[hazard.Token]string{
		{By: hazard.CAS, Text: "107-44-8"}:                                            "sarin",
		{By: hazard.CAS, Text: "000107-44-8"}:                                         "sarin",
		{By: hazard.CAS, Text: "107-44-9"}:                                            "",
		{By: hazard.Formula, Text: "C4H10FO2P"}:                                       "sarin",
		{By: hazard.Formula, Text: "(CH3)2CHOP(O)(CH3)F"}:                             "sarin",
		{By: hazard.Formula, Text: "NaN₃"}:                                            "sodium azide",
		{By: hazard.Formula, Text: "C10H18O"}:                                         "",
		{By: hazard.Structure, Text: "FP(C)(=O)OC(C)C"}:                               "sarin",
		{By: hazard.Structure, Text: "F[P@](=O)(OC(C)C)[CH3]"}:                        "sarin",
		{By: hazard.Structure, Text: "CCO.CC(C)OP(=O)(F)C"}:                           "sarin",
		{By: hazard.Structure, Text: "CC(C)OP(=O)(Cl)C"}:                              "",
		{By: hazard.Structure, Text: "[N-]=[N+]=[N-].[Na+]"}:                          "sodium azide",
		{By: hazard.Structure, Text: "[Na]N=[N+]=[N-]"}:                               "",
		{By: hazard.Structure, Text: "C1OC2=CC=C(C=O)C=C2O1"}:                         "piperonal",
		{By: hazard.Structure, Text: "InChI=1S/C4H10FO2P/c1-4(2)7-8(3,5)6/h4H,1-3H3"}: "sarin",
		{By: hazard.Structure, Text: "InChI=1S/N3.Na/c1-3-2;/q-1;+1"}:                 "sodium azide",
		{By: hazard.Structure, Text: "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"}:             "",
		{By: hazard.Structure, Text: "rose"}:                                          "",
		{By: hazard.Name, Text: "sarin"}:                                              "",
	} {
		match, ok := table.Identified(token)
		if match.Name != want || ok != (want != "") || ok && match.By != token.By {
			t.Errorf("%s %s is %+v, want %q", token.By, token.Text, match, want)
		}
	}
}

func TestMatchesSayWhatWhyAndWhere(t *testing.T) {
	table := load(t, small)
	const text = "a dynamite stick, dynamite and piperonal: sarin in sarin valley"
	dictionary, err := term.New([]term.Set{{Name: "names", Terms: table.Terms()}})
	if err != nil {
		t.Fatal(err)
	}
	var hits []term.Hit
	dictionary.Scan(text, func(hit term.Hit) bool {
		hits = append(hits, hit)
		return true
	})
	valley := strings.Index(text, "sarin valley")
	cover := term.NewCover([]term.Span{{Start: valley, End: len(text)}})
	where := term.Span{Start: 3, End: 11}
	got := table.Match(hits, []hazard.Token{{By: hazard.CAS, Text: "120-57-0", Span: where}}, cover)
	want := []hazard.Match{
		{Name: "dynamite", Class: hazard.Explosive, By: hazard.Name, Span: term.Span{Start: 2, End: 16}},
		{Name: "dynamite", Class: hazard.Explosive, By: hazard.Name, Innocent: true, Span: term.Span{Start: 18, End: 26}},
		{Name: "piperonal", Class: hazard.DrugPrecursor, By: hazard.Name, Innocent: true, Span: term.Span{Start: 31, End: 40}},
		{Name: "sarin", Class: hazard.ChemicalWeapon, By: hazard.Name, Span: term.Span{Start: 42, End: 47}},
		{Name: "piperonal", Class: hazard.DrugPrecursor, By: hazard.CAS, Innocent: true, Span: where},
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %+v", got)
	}
	if got := table.Match(nil, nil, cover); got != nil {
		t.Errorf("found %+v in nothing", got)
	}
}

func TestAFaultOfTheTableIsNamed(t *testing.T) {
	const head = "substances: [{name: x, class: poison, source: s"
	for text, want := range map[string]string{
		`[]`:                              "must be an object with substances",
		`{substance: []}`:                 `has "substance", which is unknown`,
		`{substances: {}}`:                "substances must be a list",
		`{substances: [x]}`:               "substances[0] must be an object",
		`{substances: [{class: poison}]}`: "substances[0]: name must be a text",
		`{substances: [{name: x, class: potion}]}`:       `substances[0] (x): class is "potion"`,
		`{substances: [{name: x, class: poison}]}`:       "substances[0] (x): source must be a text",
		head + `, cass: []}]`:                            `substances[0] (x): has "cass", which is unknown`,
		head + `, cas: [107-44-9]}]`:                     `cas[0] is "107-44-9", whose form or check digit is wrong`,
		head + `, cas: 107-44-8}]`:                       "cas must be a list of texts",
		head + `, names: [1080]}]`:                       "names[0] must be a text (quote it)",
		head + `, names: [Rat-X, rat-x]}]`:               `the name "rat-x" is already one of x`,
		head + `, formula: H10C4}]`:                      `formula is "H10C4", not a formula in Hill order`,
		head + `, smiles: "C("}]`:                        `smiles is "C(", not a SMILES`,
		head + `}, {name: x, class: poison, source: s}]`: "substances[1] (x): name is that of an earlier substance too",
		head + `, innocent: 1}]`:                         "innocent must be true or false",
		head + `, cas: [107-44-8]}, {name: y, class: poison, source: s, cas: [107-44-8]}]`: "substances[1] (y): cas[0], 107-44-8, is already that of x",
	} {
		_, err := hazard.Load(parsed(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error = %v, want %q", text, err, want)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	for number, want := range map[string]bool{
		"107-44-8": true, "50-00-0": true, "7732-18-5": true, "2349358-81-0": true,
		"107-44-7": false, "0107-44-8": false, "107-448": false, "1-44-8": false, "107-4x-8": false, "107-44-": false, "": false, "12345678-12-1": false,
	} {
		if got := hazard.ValidCAS(number); got != want {
			t.Errorf("%q: %v", number, got)
		}
	}
}
