package property

import (
	"math"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/smarts"
)

const (
	roomTemperature = 298.15   // K
	atmosphere      = 101325.0 // Pa
)

var (
	hydroxyl       = smarts.MustCompile("[OX2H1;!$(OC=O)]")
	carboxyl       = smarts.MustCompile("[CX3](=O)[OX2H1]")
	primaryAmine   = smarts.MustCompile("[NX3;H2;!$(NC=O)]")
	flexibleSingle = smarts.MustCompile("[!a;!D1;R0;!$(*=*);!$(*#*)]")
	flexiblePlanar = smarts.MustCompile("[!a;!D1;R0;$(*=*)]")
)

// VapourPressure estimates the vapour pressure of the liquid at 25 °C in pascal
// from the estimated boiling point (Myrdal & Yalkowsky, Ind. Eng. Chem. Res.
// 1997, 36, 2494, doi 10.1021/ie950242l): the entropy and the heat capacity of
// boiling follow from the flexibility of a molecule and its hydrogen bonds.
// Most of the error comes from the boiling point: an error of 3 % there makes a
// factor of about two here. ok is that of BoilingPoint. For a solid, this is
// the pressure of the supercooled liquid.
func VapourPressure(m *chem.Molecule) (pascal float64, ok bool) {
	target := smarts.NewTarget(m)
	boiling, ok := boilingPoint(m, target)
	if !ok {
		return 0, false
	}
	return vapourPressure(m, target, boiling), true
}

func vapourPressure(m *chem.Molecule, target *smarts.Target, boiling float64) float64 {
	const t = roomTemperature
	flexibility := torsionalBonds(m, target)
	entropy := 86.0 + 0.4*flexibility + 1421*hydrogenBonding(m, target)
	heatCapacity := -90.0 - 2.1*flexibility
	// 19.1 is the gas constant in J/(mol K) for decadic logarithms.
	decades := -entropy*(boiling-t)/(19.1*t) + heatCapacity/19.1*((boiling-t)/t-math.Log(boiling/t))
	return atmosphere * math.Pow(10, decades)
}

// torsionalBonds returns the effective number of bonds that turn. Each atom of
// a chain counts, except its ends; flat atoms and rings count half.
func torsionalBonds(m *chem.Molecule, target *smarts.Target) float64 {
	turning := float64(countAtoms(m, target, flexibleSingle))
	flat := float64(countAtoms(m, target, flexiblePlanar))
	return max(0, turning+0.5*flat+0.5*float64(ringSystems(m))-1)
}

// hydrogenBonding returns the number of groups that form hydrogen bonds,
// divided by the molecular weight.
func hydrogenBonding(m *chem.Molecule, target *smarts.Target) float64 {
	alcohols := float64(countAtoms(m, target, hydroxyl))
	acids := float64(countAtoms(m, target, carboxyl))
	amines := float64(countAtoms(m, target, primaryAmine))
	return (math.Sqrt(alcohols) + acids + 0.33*math.Sqrt(amines)) / m.Weight()
}

// ringSystems counts the groups of rings that share atoms.
func ringSystems(m *chem.Molecule) int {
	seen := make([]bool, m.NumAtoms())
	n := 0
	for i := range seen {
		if !seen[i] && m.InRing(i) {
			n++
			markRingSystem(m, i, seen)
		}
	}
	return n
}

func markRingSystem(m *chem.Molecule, start int, seen []bool) {
	seen[start] = true
	for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
		for k := range m.Degree(queue[0]) {
			next := m.NeighbourAt(queue[0], k)
			if m.Bond(m.BondAt(queue[0], k)).InRing && !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
}
