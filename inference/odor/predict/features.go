// Package predict tells how a molecule may smell.
package predict

import (
	"cmp"
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
)

// Radius is that of the Morgan fragments, in bonds.
const Radius = 2

// Properties is the number of properties that Describe computes.
const Properties = 12

// Description is a molecule as the model sees it.
type Description struct {
	// Fragments counts the fragments of all kinds, in rising order of ID.
	Fragments fingerprint.Sparse
	// Properties are counts of atoms, rings and the like.
	Properties [Properties]float32
}

// Describe computes what the model knows of a molecule. The trainer reads the
// same descriptions (inference/training/features), so that training and serving
// cannot differ.
func Describe(m *chem.Molecule) Description {
	return Description{fragments(m), properties(m)}
}

// fragments joins the three fingerprints. Each kind has its own identifiers.
func fragments(m *chem.Molecule) fingerprint.Sparse {
	var all fingerprint.Sparse
	for kind, s := range []fingerprint.Sparse{
		fingerprint.Morgan(m, Radius), fingerprint.AtomPairs(m), fingerprint.Torsions(m),
	} {
		for _, f := range s {
			all = append(all, fingerprint.Feature{ID: mark(f.ID, uint32(kind)), Count: f.Count})
		}
	}
	slices.SortFunc(all, func(a, b fingerprint.Feature) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// mark makes the identifiers of one kind differ from those of another: a
// bijection of 32 bits, the finaliser of MurmurHash3 (Appleby, public domain),
// after an offset for the kind.
func mark(id, kind uint32) uint32 {
	id += kind * 0x9e3779b9
	id = (id ^ id>>16) * 0x85ebca6b
	id = (id ^ id>>13) * 0xc2b2ae35
	return id ^ id>>16
}

// properties counts what no single fragment shows, each on a scale of about 0 to 1.
func properties(m *chem.Molecule) [Properties]float32 {
	var carbons, oxygens, nitrogens, sulfurs, halogens, aromatic, branched int
	for i := range m.NumAtoms() {
		a := m.Atom(i)
		switch a.Element {
		case chem.Carbon:
			carbons++
		case chem.Oxygen:
			oxygens++
		case chem.Nitrogen:
			nitrogens++
		case chem.Sulfur:
			sulfurs++
		case 9, 17, 35, 53:
			halogens++
		}
		if a.Aromatic {
			aromatic++
		}
		if m.Degree(i) > 2 {
			branched++
		}
	}
	return [Properties]float32{
		float32(math.Log1p(float64(m.HeavyAtoms()))) / 4,
		float32(carbons) / 20,
		float32(oxygens) / 4,
		float32(nitrogens) / 4,
		float32(sulfurs) / 4,
		float32(halogens) / 4,
		float32(aromatic) / 12,
		float32(branched) / 8,
		float32(m.Rings()) / 4,
		float32(donors(m)) / 4,
		float32(acceptors(m)) / 4,
		float32(rotatable(m)) / 12,
	}
}
