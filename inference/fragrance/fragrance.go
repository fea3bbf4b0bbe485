// Package fragrance sketches fragrances: it chooses odorants that together
// smell of what a prompt asks for, places them as top, heart and base notes,
// and shares out the parts of a formula among them.
//
// A formula is a starting point for a perfumer, not a recipe: it does not
// consider how strong an odorant smells, how it mixes, or at what concentration
// it may be used.
package fragrance

import (
	"cmp"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
)

// Parts is what the parts of every formula add up to.
const Parts = 1000

// Odorant is a molecule that may enter a formula.
type Odorant struct {
	Structure *chem.Molecule
	// Name is empty where it has none.
	Name    string
	Profile odor.Profile
	// Note is empty where it is not known: [odor.NoteOf] estimates it then.
	Note odor.Note
	// Novel marks a molecule that is not one of the known odorants.
	Novel bool
	// Refused says why it must not be used, empty where it may.
	Refused string
}

// Brief is what a fragrance should be.
type Brief struct {
	// Wanted is what was understood of the prompt. Its descriptors must not be
	// empty.
	Wanted odor.Interpretation
	// Count is how many odorants are wanted, at least 1.
	Count int
	// Rarity weighs descriptors, as [odor.Library.Rarity] does.
	Rarity func(descriptor string) float64
}

// Formula is a sketch of a fragrance.
type Formula struct {
	// Accords are the three notes from top to base. One is empty where no
	// odorant of it has anything of what is wanted.
	Accords []Accord
	// Coverage says of each wanted descriptor, in the order of the brief, how
	// far the formula brings it, from 0 (not at all) to 1.
	Coverage []odor.Weighted
	// Refused are odorants that would have suited the brief and must not be
	// used, those that would have suited best first.
	Refused []Odorant
}

// Accord is the part of a formula that is one note.
type Accord struct {
	Note odor.Note
	// Parts is the sum of those of its rows.
	Parts int
	// Rows has the largest part first.
	Rows []Row
}

// Row is one odorant of a formula.
type Row struct {
	Odorant
	// Estimated reports whether the note follows from the boiling point.
	Estimated bool
	// Parts is at least 1.
	Parts int
	// Role lists the wanted descriptors that the odorant has, with their
	// strengths, the most important first.
	Role odor.Profile
}

// Compose sketches a fragrance of the given odorants. The same brief and
// odorants have the same formula. It has fewer odorants than are wanted where
// no others suit.
func Compose(odorants []Odorant, brief Brief) Formula {
	c := newComposer(odorants, brief)
	c.choose()
	accords := make([]Accord, len(odor.Notes))
	for i, note := range odor.Notes {
		accords[i] = Accord{Note: note}
	}
	for i, parts := range c.parts() {
		chosen := c.chosen[i]
		a := &accords[slices.Index(odor.Notes, chosen.note)]
		a.Parts += parts
		a.Rows = append(a.Rows, Row{Odorant: chosen.Odorant, Estimated: chosen.estimated, Parts: parts, Role: c.role(chosen)})
	}
	for _, a := range accords {
		slices.SortStableFunc(a.Rows, func(a, b Row) int { return cmp.Compare(b.Parts, a.Parts) })
	}
	return Formula{Accords: accords, Coverage: c.coverage(), Refused: c.refused}
}
