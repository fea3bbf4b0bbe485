package chem

import (
	"math/rand/v2"
	"strings"
)

// RandomSMILES writes the molecule from a random atom in a random order of
// branches and components. Every text it returns parses to the same molecule.
func (m *Molecule) RandomSMILES(rng *rand.Rand) string {
	priority := rng.Perm(len(m.atoms))
	lists := m.memberLists()
	rng.Shuffle(len(lists), func(i, j int) { lists[i], lists[j] = lists[j], lists[i] })
	parts := make([]string, len(lists))
	for i, members := range lists {
		parts[i], _ = m.write(members[rng.IntN(len(members))], priority, false)
	}
	return strings.Join(parts, ".")
}
