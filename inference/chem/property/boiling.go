package property

import (
	_ "embed" // the table of groups

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

//go:embed boiling.tsv
var boilingTable string

var boilingGroups = mustReadTyping(boilingTable, 1)

// hottest is the largest sum of groups, in kelvin, for which there is an
// estimate. The molecules that the method was fitted to boil below 900 K.
const hottest = 1000

// AbsoluteZero is 0 K in degrees Celsius: what is added to kelvin.
const AbsoluteZero = -273.15

// BoilingPoint estimates the normal boiling point in kelvin from the groups
// that a molecule consists of (Stein & Brown, J. Chem. Inf. Comput. Sci. 1994,
// 34, 581, doi 10.1021/ci00019a016, after Joback & Reid, Chem. Eng. Commun.
// 1987, 57, 233). The authors report mean absolute errors of 15.5 K (3.2 %)
// over the 4,426 compounds they fitted and 20.4 K (4.3 %) over 6,584 others.
// The method does not account for decomposition.
//
// ok is false if the method does not apply: to ions, mixtures, groups without
// an increment, and molecules far larger than those it was fitted to.
func BoilingPoint(m *chem.Molecule) (kelvin float64, ok bool) {
	return boilingPoint(m, smarts.NewTarget(m))
}

func boilingPoint(m *chem.Molecule, target *smarts.Target) (kelvin float64, ok bool) {
	if m.Components() != 1 || m.HeavyAtoms() == 0 {
		return 0, false
	}
	sum := 198.2
	for i := range m.NumAtoms() {
		e := m.Atom(i).Element
		if e == chem.Hydrogen {
			continue
		}
		group := boilingGroups.of(target, i, e)
		if group == nil {
			return 0, false
		}
		sum += group.values[0]
	}
	if sum > hottest {
		return 0, false
	}
	return corrected(sum), true
}

// corrected lowers the sum of the groups, which is too high for large
// molecules.
func corrected(sum float64) float64 {
	if sum <= 700 {
		return sum - 94.84 + 0.5577*sum - 0.0007705*sum*sum
	}
	return sum + 282.7 - 0.5209*sum
}
