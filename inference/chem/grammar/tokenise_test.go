package grammar

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/inference/chem"
)

func TestTokenise(t *testing.T) {
	for smiles, want := range map[string]string{
		"CCO":               "C C O",
		"ClC(Br)=C":         "Cl C ( Br ) = C",
		"c1cc[nH]c1":        "c 1 c c [nH] c 1",
		"N[C@@H](C)C#N":     "N [C@@H] ( C ) C # N",
		"C%12CC%12.[Na+]":   "C %12 C C %12 . [Na+]",
		"F/C=C\\F":          "F / C = C \\ F",
		"[O-][n+]1ccccc1":   "[O-] [n+] 1 c c c c c 1",
		"":                  "",
		"C((":               "C ( (", // tokens, though no SMILES
		"[13CH3:2]":         "[13CH3:2]",
		"*C":                "* C",
		"B(O)O":             "B ( O ) O",
		"[Si](C)(C)(C)[2H]": "[Si] ( C ) ( C ) ( C ) [2H]",
	} {
		got, err := Tokenise(smiles)
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, %v", smiles, got, err)
		}
	}
}

func TestTokeniseSaysWhereItStops(t *testing.T) {
	for smiles, pos := range map[string]int{
		"CX": 1, "C C": 1, "CC[": 2, "C%1": 1, "C[Xx]": 1, "C\x00": 1, "Cé": 1, "CC<mask>": 2, "C%a1": 1,
		strings.Repeat("C", chem.MaxLength+1): chem.MaxLength,
	} {
		_, err := Tokenise(smiles)
		syntax, ok := errors.AsType[*chem.SyntaxError](err)
		if !ok || syntax.Pos != pos {
			t.Errorf("%.20s: %v, want a *chem.SyntaxError at %d", smiles, err, pos)
		}
	}
}

func FuzzTokenise(f *testing.F) {
	for _, smiles := range molecules(f)[:20] {
		f.Add(smiles)
	}
	f.Fuzz(func(t *testing.T, smiles string) {
		words, err := Tokenise(smiles)
		if err == nil && strings.Join(words, "") != smiles {
			t.Errorf("%q was split into %q", smiles, words)
		}
		if _, parseErr := chem.Parse(smiles); parseErr == nil && err != nil {
			t.Errorf("%q is a molecule, but: %v", smiles, err)
		}
	})
}

// FuzzWalk lets the input choose among what is allowed.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9})
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) == 0 || len(choices) > 80 {
			return
		}
		i := -1
		walk(t, mustNew(t, organic), len(choices), func(n int) int {
			i++
			return int(choices[i]) % n
		})
	})
}
