package engine

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/odor"
)

// inNote is what relevance is multiplied by where a prompt speaks of notes: by
// how near the molecule's note is to the nearest of them.
func inNote(wanted []odor.Note, note odor.Note) float64 {
	if len(wanted) == 0 || note == "" {
		return 1
	}
	best := 0.0
	for _, w := range wanted {
		best = max(best, placed(w, note))
	}
	return best
}

// neutral tells whether a molecule has no charge on the whole and no unpaired electron. The model writes
// the two charges of a nitro group one by one, and could leave one alone.
func neutral(m *chem.Molecule) bool {
	charge := 0
	for i := range m.NumAtoms() {
		charge += int(m.Atom(i).Charge)
		if m.RadicalElectrons(i) > 0 {
			return false
		}
	}
	return charge == 0
}

// leastRelevance is how much of what is wanted a molecule must be predicted to have.
const leastRelevance = 0.15

// judge scores a molecule and screens it.
func (s *search) judge(molecule *chem.Molecule) (candidate, *Withheld) {
	probabilities := s.predictor.Probabilities(molecule)
	profile := odor.ProfileOf(probabilities)
	assessment, withheld := s.filter.Check(molecule, profile)
	if withheld != nil {
		return candidate{}, withheld
	}
	c := candidate{print: morgan(molecule), met: s.aim.met(probabilities, s.thresholds)}
	scores := s.aim.fit(probabilities, s.thresholds)
	note, _ := odor.NoteOf(molecule)
	scores.Relevance *= inNote(s.interpretation.Notes, note)
	scores.Overall = scores.Relevance * scores.Avoidance
	if s.request.Like != nil {
		scores.Likeness = fingerprint.Tanimoto(&s.like, &c.print)
		scores.Overall *= scores.Likeness
	}
	scores.Accessibility = accessibility(property.SyntheticAccessibility(molecule))
	scores.Overall *= scores.Accessibility
	switch {
	case scores.Relevance < leastRelevance || scores.Accessibility == 0:
		return candidate{}, &Withheld{Reason: "irrelevant", Count: 1}
	case scores.Relevance*scores.Avoidance < leastRelevance:
		return candidate{}, &Withheld{Reason: "excluded", Detail: s.aim.unmet(probabilities, s.thresholds), Count: 1}
	}
	c.Molecule = Molecule{
		Structure: molecule,
		Profile:   profile,
		Note:      note,
		Scores:    scores,
		Source:    s.Name(),
		Known:     s.known(molecule, &c.print),
		Safety:    assessment,
	}
	return c, nil
}

// Three quarters of known odorants have a synthetic accessibility of at most
// 3.2, and one in a hundred has more than 5.2: what is harder to make than the
// former loses some of its score, and what is out of all proportion all of it.
const (
	easy     = 3
	hopeless = 7
)

// accessibility turns a synthetic accessibility (1 easy, 10 hard) into a score.
func accessibility(sa float64) float64 {
	return min(max((hopeless-sa)/(hopeless-easy), 0), 1)
}
