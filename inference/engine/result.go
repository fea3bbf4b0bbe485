package engine

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// Result is the answer to a request.
type Result struct {
	// Interpretation is what the engine understood.
	Interpretation odor.Interpretation
	// Molecules are at most as many as were wanted, the best first. They are
	// fewer where no others fit the request at all.
	Molecules []Molecule
	// Seed is the seed that was used, nil where there is no randomness.
	Seed *int64
	// Sampled is how many texts were sampled, 0 where nothing is sampled.
	Sampled int
	// Withheld counts the molecules that were left out, by reason, the most
	// frequent first.
	Withheld []Withheld
}

// Molecule is one molecule of an answer.
type Molecule struct {
	Structure *chem.Molecule
	// Name is empty where the molecule has no known name.
	Name string
	// Profile is how it smells: as recorded for a known odorant, as predicted
	// for a new one.
	Profile odor.Profile
	// Note is empty where it is not known.
	Note odor.Note
	// Scores say how well it fits the prompt.
	Scores Scores
	// Source is where it comes from.
	Source Source
	// Known reports whether it is new, nil where that was not looked up.
	Known *Known
	// Safety is what the safety screen says of it.
	Safety safety.Assessment
}

// Source is where a molecule comes from.
type Source string

// The sources of molecules.
const (
	// FromLibrary is the source of a known odorant.
	FromLibrary Source = "library"
	// FromDiffusion is the source of a sampled molecule.
	FromDiffusion Source = "diffusion"
)

// Known says what is known of a molecule.
type Known struct {
	// Training reports whether it is among the molecules that the model was
	// trained on, Library whether it is one of the built-in odorants.
	Training, Library bool
	// Nearest is the most similar known odorant.
	Nearest Neighbour
}

// Neighbour is a known odorant that resembles a molecule.
type Neighbour struct {
	*odor.Odorant
	// Similarity is the Tanimoto index of the Morgan fingerprints of radius 2,
	// 0 to 1. Stereo does not count: mirror images have 1.
	Similarity float64
}

// Scores say how well a molecule fits a prompt, each from 0 to 1. How they are
// computed is documented in docs/inference/backend.md.
type Scores struct {
	// Relevance is the share of what was asked for that the molecule has.
	Relevance float64
	// Avoidance is 1 for a molecule without anything that is wanted less.
	Avoidance float64
	// Likeness is the similarity to [Request.Like], as of [Neighbour], nil
	// where the request has none.
	Likeness *float64
	// Accessibility is how easily the molecule could be made, by its synthetic
	// accessibility score, nil for a known odorant.
	Accessibility *float64
}

// Overall is the product of those scores that apply. Molecules are sorted by
// it.
func (s Scores) Overall() float64 {
	overall := s.Relevance * s.Avoidance
	for _, part := range []*float64{s.Likeness, s.Accessibility} {
		if part != nil {
			overall *= *part
		}
	}
	return overall
}

// NoteMatch says how well an odorant's note matches the nearest of those that
// are wanted: 1 for the same, 0.6 for the next and 0.3 for the farthest,
// because a woody heart is still better than none where a woody base was asked
// for. It is also 1 where no note is wanted, where a wanted one is empty, which
// means any, and where the odorant's own is not known.
func NoteMatch(note odor.Note, wanted ...odor.Note) float64 {
	if len(wanted) == 0 || note == "" {
		return 1
	}
	best := 0.0
	for _, w := range wanted {
		if w == "" {
			return 1
		}
		best = max(best, [...]float64{1, 0.6, 0.3}[w.Distance(note)])
	}
	return best
}
