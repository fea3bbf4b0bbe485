package library

import (
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

// scorer scores odorants against one request.
type scorer struct {
	interpretation odor.Interpretation
	importance     []float64         // of each wanted descriptor
	like           *fingerprint.Bits // of the molecule to resemble, nil for none
}

func newScorer(library *odor.Library, interpretation odor.Interpretation, like *chem.Molecule) *scorer {
	s := &scorer{interpretation: interpretation, importance: interpretation.Importance(library.Rarity)}
	if like != nil {
		s.like = new(engine.Fingerprint(like))
	}
	return s
}

// score scores an odorant. One that does not fit has 0 overall.
func (s *scorer) score(e *engine.Entry) engine.Scores {
	if slices.Contains(s.interpretation.ExcludedOdorants, e.Name) {
		return engine.Scores{}
	}
	scores := engine.Scores{Relevance: s.relevance(e.Odorant), Avoidance: s.interpretation.Avoidance(e.Profile)}
	if s.like != nil {
		scores.Likeness = new(fingerprint.Tanimoto(s.like, &e.Fingerprint))
	}
	return scores
}

// excludes returns what rules out an odorant that would be relevant: a
// descriptor or its own name. It is empty where nothing does.
func (s *scorer) excludes(odorant *odor.Odorant) string {
	if s.relevance(odorant) == 0 {
		return ""
	}
	if slices.Contains(s.interpretation.ExcludedOdorants, odorant.Name) {
		return odorant.Name
	}
	for _, excluded := range s.interpretation.Excluded {
		if excluded.Weight == 1 && odorant.Profile.Strength(excluded.Descriptor) > 0 {
			return excluded.Descriptor
		}
	}
	return ""
}

// relevance is the share of what is asked for that an odorant has: all of it
// where no smell is asked for, or where it is asked for by name.
func (s *scorer) relevance(odorant *odor.Odorant) float64 {
	if !s.interpretation.Understood() || slices.Contains(s.interpretation.Odorants, odorant.Name) {
		return 1
	}
	if len(s.interpretation.Descriptors) == 0 {
		return engine.NoteMatch(odorant.Note, s.interpretation.Notes...)
	}
	relevance := 0.0
	for i, wanted := range s.interpretation.Descriptors {
		strength := odorant.Profile.Strength(wanted.Descriptor)
		relevance += s.importance[i] * strength * engine.NoteMatch(odorant.Note, wanted.Note)
	}
	return min(1, relevance) // rounding may exceed 1 by a hair
}

// met says how far a profile meets each wanted descriptor, by its importance.
func (s *scorer) met(profile odor.Profile) []float64 {
	met := make([]float64, len(s.importance))
	for i, wanted := range s.interpretation.Descriptors {
		met[i] = s.importance[i] * profile.Strength(wanted.Descriptor)
	}
	return met
}
