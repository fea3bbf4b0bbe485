package property

import (
	"math"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// SyntheticAccessibility estimates how hard a molecule is to make, from 1
// (easy) to 10: how rare its fragments are among known molecules, and what its
// size, stereocentres, bridges, spiro atoms and large rings add (Ertl &
// Schuffenhauer, J. Cheminform. 2009, 1, 8, doi 10.1186/1758-2946-1-8). The
// value is that of RDKit's Contrib/SA_Score, with the correction for symmetry
// of its version 1.1. A centre counts whether it is marked or not; marks matter
// only if they alone distinguish a centre's neighbours.
func SyntheticAccessibility(m *chem.Molecule) float64 {
	score := fragmentCommonness(m) - complexity(m)
	// The raw score runs from hard (-4) to easy (2.5); turn it into 1 to 10.
	const hard, easy = -4, 2.5
	scaled := 11 - (score-hard+1)/(easy-hard)*9
	if scaled > 8 {
		scaled = 8 + math.Log(scaled-8)
	}
	return min(10, max(1, scaled))
}

// fragmentCommonness returns the mean score of the fragments, with a bonus for
// molecules in which fragments recur.
func fragmentCommonness(m *chem.Molecule) float64 {
	table := fragments()
	kinds := fingerprint.Morgan(m, 2)
	sum, count := 0.0, 0
	for _, f := range kinds {
		sum += table.score(f.ID) * float64(f.Count)
		count += f.Count
	}
	common := sum / float64(count)
	if m.NumAtoms() > len(kinds) {
		common += 0.5 * math.Log(float64(m.NumAtoms())/float64(len(kinds)))
	}
	return common
}

// complexity returns the sum of the penalties.
func complexity(m *chem.Molecule) float64 {
	rings := newRingSystem(m)
	atoms := float64(m.NumAtoms())
	penalty := math.Pow(atoms, 1.005) - atoms +
		math.Log10(float64(stereocentres(m)+1)) +
		math.Log10(float64(rings.spiroAtoms()+1)) +
		math.Log10(float64(rings.bridgeheads()+1))
	if rings.anyLargerThan(8) {
		penalty += math.Log10(2)
	}
	return penalty
}
