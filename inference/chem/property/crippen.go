package property

import (
	_ "embed" // the table of atom types

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

//go:embed crippen.tsv
var crippenTable string

var crippenTypes = mustReadTyping(crippenTable, 2)

// LogP estimates the decadic logarithm of a molecule's partition coefficient
// between octanol and water: the sum of what its atoms, hydrogens included,
// contribute by type (Wildman & Crippen, J. Chem. Inf. Comput. Sci. 1999, 39,
// 868, doi 10.1021/ci990307l, who report a standard deviation of 0.68 against
// measurement). The value is that of RDKit's Crippen.MolLogP.
func LogP(m *chem.Molecule) float64 {
	return crippen(m, smarts.NewTargetWithHydrogens(m)).logP
}

// MolarRefractivity estimates the molar refractivity, in cm³/mol, in the same
// way from the same paper (standard deviation 2.4). The value is that of
// RDKit's Crippen.MolMR.
func MolarRefractivity(m *chem.Molecule) float64 {
	return crippen(m, smarts.NewTargetWithHydrogens(m)).refractivity
}

type crippenSums struct{ logP, refractivity float64 }

// crippen sums the contributions of a target's atoms and their hydrogens. The
// hydrogens of one atom are alike, so it types only one of them. Atoms without
// a type add nothing.
func crippen(m *chem.Molecule, target *smarts.Target) crippenSums {
	var sums crippenSums
	add := func(t *atomType, times int) {
		if t != nil {
			sums.logP += t.values[0] * float64(times)
			sums.refractivity += t.values[1] * float64(times)
		}
	}
	hydrogen := m.NumAtoms()
	for i := range m.NumAtoms() {
		a := m.Atom(i)
		add(crippenTypes.of(target, i, a.Element), 1)
		if hydrogens := int(a.Hydrogens); hydrogens > 0 {
			add(crippenTypes.of(target, hydrogen, chem.Hydrogen), hydrogens)
			hydrogen += hydrogens
		}
	}
	return sums
}
