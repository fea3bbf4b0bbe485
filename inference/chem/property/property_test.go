package property_test

import (
	"math"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/property"
)

// reference holds what RDKit 2022.09 reports of one molecule.
type reference struct {
	Name, SMILES                 string
	LogP, Refractivity, TPSA     float64
	Donors, Acceptors, Rotatable int
	Accessibility                float64
}

func readReferences(t testing.TB) []reference {
	t.Helper()
	return chemtest.ReadReferences[reference](t, "testdata/reference.json", 200)
}

func TestAgreesWithTheReferee(t *testing.T) {
	for _, ref := range readReferences(t) {
		t.Run(ref.Name, func(t *testing.T) {
			m := chemtest.Parse(t, ref.SMILES)
			for what, pair := range map[string][2]float64{
				"logP":               {property.LogP(m), ref.LogP},
				"molar refractivity": {property.MolarRefractivity(m), ref.Refractivity},
				"TPSA":               {property.TPSA(m), ref.TPSA},
				"donors":             {float64(property.HBondDonors(m)), float64(ref.Donors)},
				"acceptors":          {float64(property.HBondAcceptors(m)), float64(ref.Acceptors)},
				"rotatable bonds":    {float64(property.RotatableBonds(m)), float64(ref.Rotatable)},
				"synthetic access":   {property.SyntheticAccessibility(m), ref.Accessibility},
			} {
				if difference := math.Abs(pair[0] - pair[1]); !(difference < 1e-4) {
					t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
}

func TestAllAtOnceIsTheSameAsOneByOne(t *testing.T) {
	for _, ref := range readReferences(t) {
		m := chemtest.Parse(t, ref.SMILES)
		boiling, ok := property.BoilingPoint(m)
		pressure, _ := property.VapourPressure(m)
		want := property.Properties{
			LogP:                   property.LogP(m),
			MolarRefractivity:      property.MolarRefractivity(m),
			TPSA:                   property.TPSA(m),
			HBondDonors:            property.HBondDonors(m),
			HBondAcceptors:         property.HBondAcceptors(m),
			RotatableBonds:         property.RotatableBonds(m),
			SyntheticAccessibility: property.SyntheticAccessibility(m),
			BoilingKnown:           ok,
			BoilingPoint:           boiling,
			VapourPressure:         pressure,
		}
		if got := property.Of(m); got != want {
			t.Errorf("%s: %+v, want %+v", ref.Name, got, want)
		}
	}
}

func TestOrderOfAtomsDoesNotMatter(t *testing.T) {
	for _, pair := range [][2]string{
		{"CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1c(OC(C)=O)cccc1"},
		{"CC1(C)C2CCC1(C)C(=O)C2", "O=C1CC2CCC1(C)C2(C)C"},
		{"NCC(O)CS", "SCC(CN)O"},
	} {
		a, b := property.Of(chemtest.Parse(t, pair[0])), property.Of(chemtest.Parse(t, pair[1]))
		if math.Abs(a.LogP-b.LogP) > 1e-9 || math.Abs(a.SyntheticAccessibility-b.SyntheticAccessibility) > 1e-9 {
			t.Errorf("%s: %+v, and written otherwise %+v", pair[0], a, b)
		}
	}
}

func TestLargeMoleculesHaveSensibleProperties(t *testing.T) {
	for name, smiles := range map[string]string{
		"chain":     strings.Repeat("C", 500),
		"polyester": strings.Repeat("OCC(=O)", 125),
		"comb":      strings.Repeat("C(O)", 250),
		"rings":     strings.Repeat("C1CC1", 99),
		"bushes":    strings.Repeat("C(C(F)(F)F)", 95),
		"peptide":   strings.Repeat("NC(C)C(=O)", 95) + "O",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := property.Of(chemtest.Parse(t, smiles))
			if math.IsNaN(p.LogP) || p.TPSA < 0 || p.SyntheticAccessibility < 1 || p.SyntheticAccessibility > 10 {
				t.Errorf("%+v", p)
			}
		})
	}
}

func BenchmarkLogP(b *testing.B) {
	m := chemtest.Parse(b, "CC(C)=CCCC(C)(C=C)OC(C)=O")
	for b.Loop() {
		property.LogP(m)
	}
}

func BenchmarkOf(b *testing.B) {
	m := chemtest.Parse(b, "CC(C)=CCCC(C)(C=C)OC(C)=O")
	for b.Loop() {
		property.Of(m)
	}
}
