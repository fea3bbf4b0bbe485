// Package referee lays the figures of package chem and of those beside it open
// for comparison with RDKit's. referee.py compares them on many molecules; the
// test compares them with what RDKit said of a few hundred, without RDKit.
package referee

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/chem/property"
)

// morganRadius is that of ECFP4.
const morganRadius = 2

// Figures is what the project says of one SMILES.
type Figures struct {
	// Error is why the text is no molecule; the rest is empty then.
	Error string `json:"error,omitempty"`

	// OneForm reports whether some random writings have the same canonical
	// SMILES.
	OneForm bool `json:"oneForm"`
	// Canonical, Random and Kekule are three writings of the molecule.
	Canonical string `json:"canonical"`
	Random    string `json:"random"`
	Kekule    string `json:"kekule"`

	Formula   string  `json:"formula"`
	Weight    float64 `json:"weight"`
	ExactMass float64 `json:"exactMass"`

	// Hydrogens counts those of each atom, in the order of the text.
	Hydrogens []int `json:"hydrogens"`
	// Rings are the sizes of the smallest set of smallest rings in rising
	// order, and SymmetricRings counts those of the symmetrised set.
	Rings          []int `json:"rings"`
	SymmetricRings int   `json:"symmetricRings"`
	// RingAtoms and AromaticAtoms are indices, AromaticBonds pairs of them.
	RingAtoms     []int    `json:"ringAtoms"`
	AromaticAtoms []int    `json:"aromaticAtoms"`
	AromaticBonds [][2]int `json:"aromaticBonds"`
	// Scaffold is the canonical SMILES of the framework, empty without rings.
	Scaffold string `json:"scaffold"`

	LogP              float64 `json:"logP"`
	MolarRefractivity float64 `json:"refractivity"`
	TPSA              float64 `json:"tpsa"`
	Donors            int     `json:"donors"`
	Acceptors         int     `json:"acceptors"`
	RotatableBonds    int     `json:"rotatable"`
	Accessibility     float64 `json:"accessibility"`
	// Morgan counts the fragments of radius 2 by their identifiers.
	Morgan map[string]int `json:"morgan"`
}

// Of returns the figures of a SMILES.
func Of(smiles string) Figures {
	m, err := chem.Parse(smiles)
	if err != nil {
		return Figures{Error: err.Error()}
	}
	rng := rand.New(rand.NewPCG(uint64(len(smiles)), uint64(m.NumAtoms()))) //nolint:gosec // an order of atoms is no secret
	p := property.Of(m)
	f := Figures{
		OneForm:   hasOneForm(m, rng),
		Canonical: m.SMILES(), Random: m.RandomSMILES(rng), Kekule: m.KekuleSMILES(),
		Formula: m.Formula(), Weight: m.Weight(), ExactMass: m.MonoisotopicMass(),
		Rings: sizes(m.SSSR()), SymmetricRings: len(m.SymmetricRings()),
		LogP: p.LogP, MolarRefractivity: p.MolarRefractivity, TPSA: p.TPSA,
		Donors: p.HBondDonors, Acceptors: p.HBondAcceptors, RotatableBonds: p.RotatableBonds,
		Accessibility: p.SyntheticAccessibility,
		Morgan:        map[string]int{},
		Hydrogens:     []int{}, RingAtoms: []int{}, AromaticAtoms: []int{}, AromaticBonds: [][2]int{},
	}
	f.addAtoms(m)
	if scaffold := m.Scaffold(); scaffold != nil {
		f.Scaffold = scaffold.SMILES()
	}
	for _, feature := range fingerprint.Morgan(m, morganRadius) {
		f.Morgan[strconv.FormatUint(uint64(feature.ID), 10)] = feature.Count
	}
	return f
}

// writings is how many random writings hasOneForm reads.
const writings = 4

func hasOneForm(m *chem.Molecule, rng *rand.Rand) bool {
	for range writings {
		again, err := chem.Parse(m.RandomSMILES(rng))
		if err != nil || again.SMILES() != m.SMILES() {
			return false
		}
	}
	return true
}

func (f *Figures) addAtoms(m *chem.Molecule) {
	for i := range m.NumAtoms() {
		f.Hydrogens = append(f.Hydrogens, m.HydrogensOn(i))
		if m.InRing(i) {
			f.RingAtoms = append(f.RingAtoms, i)
		}
		if m.Atom(i).Aromatic {
			f.AromaticAtoms = append(f.AromaticAtoms, i)
		}
	}
	for i := range m.NumBonds() {
		if b := m.Bond(i); b.Aromatic {
			f.AromaticBonds = append(f.AromaticBonds, [2]int{min(b.Begin, b.End), max(b.Begin, b.End)})
		}
	}
	slices.SortFunc(f.AromaticBonds, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
}

func sizes(rings [][]int) []int {
	list := make([]int, len(rings))
	for i, r := range rings {
		list[i] = len(r)
	}
	slices.Sort(list)
	return list
}
