package smarts_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/chemtest"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

// TestSMILESReadAsAPatternFindsItsMolecule uses that a SMILES without stereo is
// also a SMARTS: in whatever order it is written, it covers the whole molecule,
// and a piece cut off its end is found as well.
func TestSMILESReadAsAPatternFindsItsMolecule(t *testing.T) {
	var molecules []*chem.Molecule
	for _, ref := range readReferences(t) {
		if m := chemtest.Parse(t, ref.SMILES); !strings.ContainsAny(m.SMILES(), "@/\\") {
			molecules = append(molecules, m)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(molecules).Draw(t, "molecule")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		text := m.RandomSMILES(rng)
		p, err := smarts.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		found := p.Find(m, 1)
		if len(found) != 1 {
			t.Fatalf("%s is not in %s", text, m)
		}
		slices.Sort(found[0])
		for i, atom := range found[0] {
			if atom != i {
				t.Fatalf("%s covers %v of %s", text, found[0], m)
			}
		}
		cut := text[:rapid.IntRange(1, len(text)).Draw(t, "cut")]
		if rest := text[len(cut):]; strings.HasPrefix(rest, "l") || strings.HasPrefix(rest, "r") {
			return // Cl and Br are not to become C and B
		}
		if part, err := smarts.Compile(cut); err == nil && !part.Matches(m) {
			t.Fatalf("%s is in %s, and its beginning %s is not", text, m, cut)
		}
	})
}
