package chem

import (
	"math/rand/v2"
	"strings"
)

// RandomSMILES writes the molecule from a random atom in a random order of
// branches and components. Every text it returns parses to the same molecule.
func (m *Molecule) RandomSMILES(rng *rand.Rand) string {
	return m.RandomSMILESFrom(rng, rng.IntN(len(m.atoms)))
}

// RandomSMILESFrom does the same but begins with a given atom. It panics if the
// index is out of range.
func (m *Molecule) RandomSMILESFrom(rng *rand.Rand, root int) string {
	priority := rng.Perm(len(m.atoms))
	of, count := m.componentOf()
	lists := make([][]int, count)
	for atom, component := range of {
		lists[component] = append(lists[component], atom)
	}
	first, _ := m.write(root, priority, false)
	parts := []string{first}
	for _, component := range rng.Perm(count) {
		if component != of[root] {
			members := lists[component]
			text, _ := m.write(members[rng.IntN(len(members))], priority, false)
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ".")
}
