package engine

import (
	"slices"
	"sync"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// morganRadius makes fingerprints of fragments up to four bonds wide (ECFP4).
const morganRadius = 2

// Index finds known odorants by structure and knows what the safety screen says of each. It is immutable and safe for concurrent use.
type Index struct {
	odorants []odor.Odorant
	prints   []fingerprint.Bits // of each odorant
	screened []safety.Assessment
	set      *fingerprint.Set
	at       map[string]int  // by canonical SMILES
	flat     map[string]bool // canonical SMILES without stereo
}

// Similar is a known odorant that resembles a molecule.
type Similar struct {
	*odor.Odorant
	// Similarity is the Tanimoto index of the Morgan fingerprints of radius 2,
	// 0 to 1. Stereo does not count: mirror images have 1.
	Similarity float64
}

// DefaultIndex returns the index of the built-in library. It is made once.
var DefaultIndex = sync.OnceValues(func() (*Index, error) {
	library, err := odor.Default()
	if err != nil {
		return nil, err
	}
	return newIndex(library.Odorants()), nil
})

func newIndex(odorants []odor.Odorant) *Index {
	x := &Index{
		odorants: odorants,
		prints:   make([]fingerprint.Bits, len(odorants)),
		screened: make([]safety.Assessment, len(odorants)),
		at:       map[string]int{},
		flat:     map[string]bool{},
	}
	for i, o := range odorants {
		x.prints[i] = morgan(o.Structure)
		x.screened[i] = safety.Assess(o.Structure)
		x.at[o.Structure.SMILES()] = i
		x.flat[o.Structure.WithoutStereo().SMILES()] = true
	}
	x.set = fingerprint.NewSet(x.prints)
	return x
}

// Screened calls f with each odorant and what the safety screen says of it, in the order of
// the library.
func (x *Index) Screened(f func(*odor.Odorant, safety.Assessment)) {
	for i := range x.odorants {
		f(&x.odorants[i], x.screened[i])
	}
}

// Find returns the odorant with the same structure, stereo included.
func (x *Index) Find(m *chem.Molecule) (*odor.Odorant, bool) {
	i, ok := x.at[m.SMILES()]
	if !ok {
		return nil, false
	}
	return &x.odorants[i], true
}

// Named returns the odorant of a name.
func (x *Index) Named(name string) (*odor.Odorant, bool) {
	i := slices.IndexFunc(x.odorants, func(o odor.Odorant) bool { return o.Name == name })
	if i < 0 {
		return nil, false
	}
	return &x.odorants[i], true
}

// Nearest returns up to limit odorants, the most similar first and equals in
// the order of the library.
func (x *Index) Nearest(m *chem.Molecule, limit int) []Similar {
	query := morgan(m)
	found := x.set.Search(&query, limit)
	similar := make([]Similar, len(found))
	for i, match := range found {
		similar[i] = Similar{&x.odorants[match.Index], match.Similarity}
	}
	return similar
}

func morgan(m *chem.Molecule) fingerprint.Bits {
	return fingerprint.Morgan(m, morganRadius).Bits()
}
