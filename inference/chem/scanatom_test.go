package chem

import "testing"

func TestReadAtom(t *testing.T) {
	for text, want := range map[string]Atom{
		"C":       {Element: Carbon},
		"Cl":      {Element: Chlorine},
		"n":       {Element: Nitrogen, Aromatic: true},
		"[nH]":    {Element: Nitrogen, Aromatic: true, Hydrogens: 1},
		"[N+]":    {Element: Nitrogen, Charge: 1},
		"[C@@H]":  {Element: Carbon, Chirality: Clockwise, Hydrogens: 1},
		"[13CH3]": {Element: Carbon, Isotope: 13, Hydrogens: 3},
	} {
		got, bracket, err := ReadAtom(text)
		if err != nil || got != want || bracket != (text[0] == '[') {
			t.Errorf("%s: got %+v, %v, %v", text, got, bracket, err)
		}
	}
	for _, text := range []string{"", "CC", "C1", "=", "(", "[C", "[C]C", "<mask>", "Xx"} {
		if _, _, err := ReadAtom(text); err == nil {
			t.Errorf("%q is no atom", text)
		}
	}
}

// FuzzReadAtom checks that what reads as an atom is one token of a SMILES.
func FuzzReadAtom(f *testing.F) {
	for _, atom := range []string{"C", "Cl", "[nH]", "[13C@@H2-:7]", "[Fe+2]", "[", "*"} {
		f.Add(atom)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, bracket, err := ReadAtom(text)
		if err != nil || a.Aromatic {
			return
		}
		if bracket != (text[0] == '[') {
			t.Fatalf("%q: bracket is %v", text, bracket)
		}
		m, err := Parse(text)
		if err != nil {
			return // no such hydrogens or charge
		}
		if m.NumAtoms() != 1 || m.Atom(0).Element != a.Element {
			t.Fatalf("%q is %v, but reads as %s", text, a, m)
		}
	})
}
