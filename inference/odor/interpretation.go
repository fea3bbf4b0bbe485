package odor

// Interpretation is what was understood of a prompt.
type Interpretation struct {
	// Descriptors are wanted, each once, in the order of the prompt, with
	// weights over 0 and up to [MaxWeight].
	Descriptors []Wanted
	// Excluded are not wanted: those of weight 1 must not be there at all, a
	// lesser weight is a wish for less.
	Excluded []Weighted
	// Odorants are asked for by name.
	Odorants []string
	// ExcludedOdorants must not be there. Their descriptors may.
	ExcludedOdorants []string
	// Notes are the positions that the prompt speaks of.
	Notes []Note
	// Unrecognised are the unknown words, in the order and the spelling of the
	// prompt.
	Unrecognised []string
	// Suggestions are for the first few of them, where there are known words
	// that look like them.
	Suggestions []Suggestion
}

// Suggestion is what an unrecognised word may have been meant for.
type Suggestion struct {
	Word string
	// Known are words of the vocabulary, the likest first; at least one.
	Known []string
}

// Wanted is a descriptor that a prompt asks for.
type Wanted struct {
	Descriptor string
	Weight     float64
	// Note is where in the perfume it is wanted, empty for anywhere.
	Note Note
}

// MaxWeight is the largest weight of a wanted descriptor; 1 is that of a plain
// mention.
const MaxWeight = 2.0

// Understood reports whether the prompt says what to look for. Exclusions alone
// do not.
func (i Interpretation) Understood() bool {
	return len(i.Descriptors) > 0 || len(i.Notes) > 0
}

// Importance says how much each wanted descriptor counts: by how much is asked
// for it and by how rare it is, so that "fresh" does not drown "vetiver". The
// shares add up to 1. rarity is that of a descriptor, as [Library.Rarity] has
// it.
func (i Interpretation) Importance(rarity func(descriptor string) float64) []float64 {
	importance, total := make([]float64, len(i.Descriptors)), 0.0
	for n, w := range i.Descriptors {
		importance[n] = w.Weight * rarity(w.Descriptor)
		total += importance[n]
	}
	for n := range importance {
		importance[n] /= total
	}
	return importance
}

// Avoidance says how far a profile is free of what is not wanted: it is 0 with
// anything that must not be there, and falls below 1 with what is wanted less.
func (i Interpretation) Avoidance(profile Profile) float64 {
	avoidance := 1.0
	for _, excluded := range i.Excluded {
		strength := profile.Strength(excluded.Descriptor)
		if strength > 0 && excluded.Weight == 1 {
			return 0
		}
		avoidance *= 1 - excluded.Weight*strength
	}
	return avoidance
}
