package engine

import (
	"slices"

	"github.com/odordiff/odordiff/inference/odor"
)

// scorer scores odorants against one interpretation.
type scorer struct {
	interpretation odor.Interpretation
	importance     []float64 // of each wanted descriptor; they add up to 1
}

// newScorer weighs each wanted descriptor by how much is asked for it and by
// how rare it is, so that "fresh" does not drown "vetiver".
func newScorer(library *odor.Library, interpretation odor.Interpretation) *scorer {
	s := &scorer{interpretation, make([]float64, len(interpretation.Descriptors))}
	total := 0.0
	for i, w := range interpretation.Descriptors {
		s.importance[i] = w.Weight * library.Rarity(w.Descriptor)
		total += s.importance[i]
	}
	for i := range s.importance {
		s.importance[i] /= total
	}
	return s
}

// score is 0 overall for an odorant that does not fit.
func (s *scorer) score(odorant *odor.Odorant) Scores {
	if slices.Contains(s.interpretation.ExcludedOdorants, odorant.Name) {
		return Scores{}
	}
	relevance, avoidance := s.relevance(odorant), s.avoidance(odorant.Profile)
	return Scores{Overall: relevance * avoidance, Relevance: relevance, Avoidance: avoidance}
}

// excludes says what of an interpretation rules out an odorant that is asked for
// otherwise: a descriptor or its own name. It is empty for nothing.
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

// relevance is the share of what is asked for that an odorant has: all of it where no
// smell is asked for, or where it is asked for by name.
func (s *scorer) relevance(odorant *odor.Odorant) float64 {
	if !s.interpretation.Understood() || slices.Contains(s.interpretation.Odorants, odorant.Name) {
		return 1
	}
	if len(s.interpretation.Descriptors) == 0 {
		return s.noteMatch(odorant.Note)
	}
	relevance := 0.0
	for i, wanted := range s.interpretation.Descriptors {
		strength := odorant.Profile.Strength(wanted.Descriptor)
		relevance += s.importance[i] * strength * placed(wanted.Note, odorant.Note)
	}
	return min(1, relevance) // rounding may exceed 1 by a hair
}

// noteMatch is for a prompt that asks for nothing but notes.
func (s *scorer) noteMatch(note odor.Note) float64 {
	best := 0.0
	for _, wanted := range s.interpretation.Notes {
		best = max(best, placed(wanted, note))
	}
	return best
}

// placed is what a descriptor counts in an odorant of some note when it is
// wanted in another: a woody heart is still better than none where a woody
// base was asked for.
func placed(wanted, note odor.Note) float64 {
	if wanted == "" {
		return 1
	}
	return [...]float64{1, 0.6, 0.3}[wanted.Distance(note)]
}

// avoidance is 0 where something is there that must not be, and falls below 1
// with what is wanted less.
func (s *scorer) avoidance(profile odor.Profile) float64 {
	avoidance := 1.0
	for _, excluded := range s.interpretation.Excluded {
		strength := profile.Strength(excluded.Descriptor)
		if strength > 0 && excluded.Weight == 1 {
			return 0
		}
		avoidance *= 1 - excluded.Weight*strength
	}
	return avoidance
}
