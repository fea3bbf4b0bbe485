package predict

import (
	"cmp"
	"math"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/chem/property"
)

// Radius is that of the Morgan fragments, in bonds.
const Radius = 2

// Properties is the number of properties that Describe computes.
const Properties = 16

// Description is a molecule as the model sees it.
type Description struct {
	// Fragments counts the fragments of all kinds, in rising order of ID.
	Fragments fingerprint.Sparse
	// Properties are counts of atoms, rings and the like.
	Properties [Properties]float32
}

// Describe computes what the model knows of a molecule. The trainer reads the
// same descriptions (inference/training/features.go), so that training and
// serving cannot differ.
func Describe(m *chem.Molecule) Description {
	return Description{fragments(m), properties(m)}
}

// fragments joins the fingerprints. Each kind has its own identifiers.
func fragments(m *chem.Molecule) fingerprint.Sparse {
	var all fingerprint.Sparse
	for kind, s := range []fingerprint.Sparse{
		fingerprint.Morgan(m, Radius),
		fingerprint.AtomPairs(m),
		fingerprint.Torsions(m),
		fingerprint.ElementPairs(m),
		fingerprint.GroupPairs(m),
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

// properties are counts and estimates that no single fragment shows, each on a
// scale of about 0 to 1. The boiling point, in K, is 0 where it cannot be
// estimated. To change any of them is to train anew.
func properties(m *chem.Molecule) [Properties]float32 {
	n := countAtoms(m)
	boiling, _ := property.BoilingPoint(m)
	return [Properties]float32{
		float32(math.Log1p(float64(m.HeavyAtoms()))) / 4,
		float32(n.carbon) / 20,
		float32(n.oxygen) / 4,
		float32(n.nitrogen) / 4,
		float32(n.sulfur) / 4,
		float32(n.halogen) / 4,
		float32(n.aromatic) / 12,
		float32(n.branched) / 8,
		float32(m.Rings()) / 4,
		float32(property.HBondDonors(m)) / 4,
		float32(property.HBondAcceptors(m)) / 4,
		float32(property.RotatableBonds(m)) / 12,
		float32(property.LogP(m)) / 5,
		float32(property.MolarRefractivity(m)) / 60,
		float32(property.TPSA(m)) / 60,
		float32(boiling) / 600,
	}
}

// atomCounts says how many atoms of each sort a molecule has.
type atomCounts struct {
	carbon, oxygen, nitrogen, sulfur, halogen, aromatic, branched int
}

func countAtoms(m *chem.Molecule) atomCounts {
	var n atomCounts
	for i := range m.NumAtoms() {
		a := m.Atom(i)
		switch a.Element {
		case chem.Carbon:
			n.carbon++
		case chem.Oxygen:
			n.oxygen++
		case chem.Nitrogen:
			n.nitrogen++
		case chem.Sulfur:
			n.sulfur++
		case chem.Fluorine, chem.Chlorine, chem.Bromine, chem.Iodine:
			n.halogen++
		}
		if a.Aromatic {
			n.aromatic++
		}
		if m.Degree(i) > 2 {
			n.branched++
		}
	}
	return n
}
