package engine

import (
	"slices"
	"sync"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// Index finds known odorants by structure and knows what the safety screen says
// of each. It is immutable and safe for concurrent use.
type Index struct {
	entries []Entry
	set     *fingerprint.Set
	at      map[string]int  // by canonical SMILES
	flat    map[string]bool // canonical SMILES without stereo
}

// Entry is what the index holds of one odorant.
type Entry struct {
	*odor.Odorant
	Fingerprint fingerprint.Bits
	Safety      safety.Assessment
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
		entries: make([]Entry, len(odorants)),
		set:     &fingerprint.Set{},
		at:      map[string]int{},
		flat:    map[string]bool{},
	}
	for i := range odorants {
		o := &odorants[i]
		x.entries[i] = Entry{o, Fingerprint(o.Structure), safety.Assess(o.Structure)}
		x.set.Add(x.entries[i].Fingerprint)
		x.at[o.Structure.SMILES()] = i
		x.flat[o.Structure.WithoutStereo().SMILES()] = true
	}
	return x
}

// Entries returns all odorants in the order of the library. The slice is the
// index's own: it must not be changed.
func (x *Index) Entries() []Entry { return x.entries }

// Find returns the odorant with the same structure, stereo included.
func (x *Index) Find(m *chem.Molecule) (*odor.Odorant, bool) {
	i, ok := x.at[m.SMILES()]
	if !ok {
		return nil, false
	}
	return x.entries[i].Odorant, true
}

// Contains reports whether a molecule is an odorant of the index, whatever the
// stereo of either.
func (x *Index) Contains(m *chem.Molecule) bool { return x.flat[m.WithoutStereo().SMILES()] }

// Named returns the odorant of a name.
func (x *Index) Named(name string) (*odor.Odorant, bool) {
	i := slices.IndexFunc(x.entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return nil, false
	}
	return x.entries[i].Odorant, true
}

// Nearest returns up to limit odorants that resemble the molecule of a
// [Fingerprint], the most similar first and equals in the order of the library.
func (x *Index) Nearest(bits *fingerprint.Bits, limit int) []Neighbour {
	found := x.set.Search(bits, limit)
	nearest := make([]Neighbour, len(found))
	for i, match := range found {
		nearest[i] = Neighbour{x.entries[match.Index].Odorant, match.Similarity}
	}
	return nearest
}

// morganRadius makes fingerprints of fragments up to four bonds wide (ECFP4).
const morganRadius = 2

// Fingerprint returns the Morgan fingerprint of radius 2 by which molecules are
// compared.
func Fingerprint(m *chem.Molecule) fingerprint.Bits {
	return fingerprint.Morgan(m, morganRadius).Bits()
}
