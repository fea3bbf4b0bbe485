package odor

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/tsv"
)

//go:embed odorants.tsv
var odorantTable string

// Odorant is a molecule whose odor is known.
type Odorant struct {
	Name      string
	Note      Note
	Profile   Profile
	Structure *chem.Molecule
}

// Library is the curated table of odorants with the vocabulary that describes
// them. It is immutable and safe for concurrent use.
type Library struct {
	vocabulary *Vocabulary
	odorants   []Odorant
	frequency  map[string]int
}

// Default returns the built-in library. It is read once.
var Default = sync.OnceValues(func() (*Library, error) {
	vocabulary, err := loadVocabulary(vocabularyTable)
	if err != nil {
		return nil, err
	}
	if err := vocabulary.loadAccords(phraseTable); err != nil {
		return nil, err
	}
	return loadLibrary(vocabulary, odorantTable)
})

// loadLibrary reads a table of name, note, descriptors and SMILES.
func loadLibrary(vocabulary *Vocabulary, table string) (*Library, error) {
	l := &Library{vocabulary: vocabulary, frequency: map[string]int{}}
	err := tsv.Rows("odorants.tsv", table, 4, func(cells []string) error {
		odorant, err := parseOdorant(vocabulary, cells)
		if err != nil {
			return fmt.Errorf("%s: %w", cells[0], err)
		}
		l.odorants = append(l.odorants, odorant)
		for _, w := range odorant.Profile {
			l.frequency[w.Descriptor]++
		}
		return nil
	})
	return l, err
}

func parseOdorant(vocabulary *Vocabulary, cells []string) (Odorant, error) {
	note := Note(cells[1])
	if !note.Valid() {
		return Odorant{}, fmt.Errorf("note %q is none of %v", note, Notes)
	}
	profile, err := parseProfile(vocabulary, list(cells[2]))
	if err != nil {
		return Odorant{}, err
	}
	structure, err := chem.Parse(cells[3])
	if err != nil {
		return Odorant{}, fmt.Errorf("reading its SMILES: %w", err)
	}
	return Odorant{Name: cells[0], Note: note, Profile: profile, Structure: structure}, nil
}

// How much weaker a descriptor is than the one before it in the table, how
// weak it is at least, and how strongly a descriptor implies a broader one.
const (
	fade    = 0.15
	weakest = 0.4
	implied = 0.6
)

// parseProfile gives the first descriptor the strength 1 and each further one
// a little less, and adds what they imply.
func parseProfile(vocabulary *Vocabulary, descriptors []string) (Profile, error) {
	if len(descriptors) == 0 {
		return nil, errors.New("it has no descriptors")
	}
	strengths := map[string]float64{}
	for i, descriptor := range descriptors {
		if !vocabulary.Has(descriptor) {
			return nil, fmt.Errorf("descriptor %q is not in the vocabulary", descriptor)
		}
		if _, twice := strengths[descriptor]; twice {
			return nil, fmt.Errorf("descriptor %q occurs twice", descriptor)
		}
		strengths[descriptor] = max(weakest, 1-fade*float64(i))
	}
	vocabulary.imply(strengths, implied)
	return sortedProfile(strengths), nil
}

// Vocabulary returns the vocabulary of the library's profiles.
func (l *Library) Vocabulary() *Vocabulary { return l.vocabulary }

// Odorants returns all odorants in the order of the table. The slice is the
// library's own: it must not be changed.
func (l *Library) Odorants() []Odorant { return l.odorants }

// Rarity says how much it tells about an odorant that it has a descriptor: the
// inverse document frequency ln((N+1)/(n+1)) / ln(N+1), where n of N odorants
// have it (Spärck Jones, J. Documentation 1972, 28, 11). It is 0 for a
// descriptor of every odorant and 1 for a descriptor of none.
func (l *Library) Rarity(descriptor string) float64 {
	all := float64(len(l.odorants) + 1)
	return math.Log(all/float64(l.frequency[descriptor]+1)) / math.Log(all)
}
