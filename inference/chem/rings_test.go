package chem

import (
	"slices"
	"testing"
)

func TestSmallRings(t *testing.T) {
	for name, test := range map[string]struct {
		smiles string
		sizes  []int
	}{
		"chain":                {"CCC", nil},
		"cyclohexane":          {"C1CCCCC1", []int{6}},
		"decalin":              {"C1CCC2CCCCC2C1", []int{6, 6}},
		"norbornane":           {"C1CC2CCC1C2", []int{5, 5}},
		"adamantane":           {"C1C2CC3CC1CC(C2)C3", []int{6, 6, 6, 6}},
		"cubane":               {"C12C3C4C1C5C2C3C45", []int{4, 4, 4, 4, 4, 4}},
		"bicyclo[2.2.2]octane": {"C1CC2CCC1CC2", []int{6, 6, 6}},
		"two apart":            {"C1CC1CC1CCC1", []int{3, 4}},
		"coronene":             {"c1cc2ccc3ccc4ccc5ccc6ccc1c7c2c3c4c5c67", []int{6, 6, 6, 6, 6, 6, 6}},
		"azulene":              {"c1ccc2cccc-2cc1", []int{5, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustParse(t, test.smiles)
			var sizes []int
			for _, r := range m.smallRings() {
				sizes = append(sizes, len(r.atoms))
				checkRing(t, m, r)
			}
			if !slices.Equal(sizes, test.sizes) {
				t.Errorf("rings of %v, want %v", sizes, test.sizes)
			}
		})
	}
}

// checkRing makes sure that neighbours around a ring are bonded.
func checkRing(t *testing.T, m *Molecule, r ring) {
	t.Helper()
	for i, a := range r.atoms {
		next := r.atoms[(i+1)%len(r.atoms)]
		if b := m.BondBetween(a, next); b < 0 || !slices.Contains(r.bonds, b) {
			t.Errorf("ring %v: no bond between %d and %d", r.atoms, a, next)
		}
	}
}

func TestRingBondsAreMarked(t *testing.T) {
	m := mustParse(t, "CC1CC1CC1CCC1C=C")
	inRing := 0
	for _, b := range m.Bonds() {
		if b.InRing {
			inRing++
		}
	}
	if inRing != 7 {
		t.Errorf("%d ring bonds, want 7", inRing)
	}
}

func TestRingSets(t *testing.T) {
	for smiles, sizes := range map[string][2]int{
		"CCO": {0, 0}, "C1CC1": {1, 1}, "c1ccc2ccccc2c1": {2, 2},
		"C12C3C4C1C5C2C3C45": {5, 6}, "C1CC2CCC1CC2": {2, 3}, "C1C2CC3CC1CC(C2)C3": {3, 4},
	} {
		m := mustParse(t, smiles)
		if len(m.SSSR()) != sizes[0] || len(m.SymmetricRings()) != sizes[1] {
			t.Errorf("%s: %d and %d rings, want %v", smiles, len(m.SSSR()), len(m.SymmetricRings()), sizes)
		}
		for _, atoms := range m.SymmetricRings() {
			for i, a := range atoms {
				if m.BondBetween(a, atoms[(i+1)%len(atoms)]) < 0 {
					t.Errorf("%s: %v is no ring", smiles, atoms)
				}
			}
		}
	}
}
