package sampler

import (
	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/fingerprint"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

// evaluator checks and scores the molecules of one request.
type evaluator struct {
	model            *diffusion.Model
	predictor        *predict.Predictor
	index            *engine.Index
	thresholds       []float64
	filter           *engine.Filter
	wanted, unwanted []float32         // weights of the labels
	labels           []int             // those that are wanted
	notes            []odor.Note       // those that are wanted
	like             *fingerprint.Bits // of the molecule to resemble, nil for none
}

func newEvaluator(e *Engine, request engine.Request, interpretation odor.Interpretation, filter *engine.Filter, a aim) *evaluator {
	v := &evaluator{
		model:      e.model,
		predictor:  e.predictor,
		index:      e.index,
		thresholds: e.thresholds,
		filter:     filter,
		wanted:     a.wanted,
		unwanted:   a.unwanted,
		labels:     a.labels(),
		notes:      interpretation.Notes,
	}
	if request.Like != nil {
		v.like = new(engine.Fingerprint(request.Like))
	}
	return v
}

// candidate is a molecule that passed the checks.
type candidate struct {
	engine.Molecule
	bits fingerprint.Bits
	met  []float64 // of each label that is wanted
}

// leastRelevance is how much of what is wanted a molecule must be predicted to
// have.
const leastRelevance = 0.15

// evaluate predicts how a molecule smells, and checks and scores it. It returns
// why it is withheld, if it is.
func (v *evaluator) evaluate(molecule *chem.Molecule) (*candidate, *engine.Withheld) {
	probabilities := v.predictor.Probabilities(molecule)
	profile := odor.ProfileOf(probabilities)
	assessment, withheld := v.filter.Check(molecule, profile)
	if withheld != nil {
		return nil, withheld
	}
	note, _ := odor.NoteOf(molecule)
	c := &candidate{bits: engine.Fingerprint(molecule), met: v.met(probabilities)}
	scores := v.score(molecule, &c.bits, probabilities, note)
	switch {
	case scores.Relevance < leastRelevance || *scores.Accessibility == 0:
		return nil, &engine.Withheld{Reason: engine.Irrelevant, Count: 1}
	case scores.Relevance*scores.Avoidance < leastRelevance:
		return nil, &engine.Withheld{Reason: engine.Excluded, Detail: v.mostUnwanted(probabilities), Count: 1}
	}
	c.Molecule = engine.Molecule{
		Structure: molecule,
		Profile:   profile,
		Note:      note,
		Scores:    scores,
		Source:    engine.FromDiffusion,
		Known:     v.known(molecule, &c.bits),
		Safety:    assessment,
	}
	return c, nil
}

func (v *evaluator) score(m *chem.Molecule, bits *fingerprint.Bits, probabilities []float64, note odor.Note) engine.Scores {
	scores := engine.Scores{
		Relevance:     v.relevance(probabilities) * engine.NoteMatch(note, v.notes...),
		Avoidance:     v.avoidance(probabilities),
		Accessibility: new(accessibility(property.SyntheticAccessibility(m))),
	}
	if v.like != nil {
		scores.Likeness = new(fingerprint.Tanimoto(v.like, bits))
	}
	return scores
}

// meets says how far a molecule is predicted to have a label: in full from its
// threshold on, the probability at which the predictor tells best who has it.
func (v *evaluator) meets(probabilities []float64, label int) float64 {
	return min(1, probabilities[label]/v.thresholds[label])
}

// met says how far each wanted label is met, by its weight.
func (v *evaluator) met(probabilities []float64) []float64 {
	met := make([]float64, len(v.labels))
	for i, label := range v.labels {
		met[i] = float64(v.wanted[label]) * v.meets(probabilities, label)
	}
	return met
}

// relevance is the share of what is wanted that is met: all of it where nothing
// is asked for but a structure.
func (v *evaluator) relevance(probabilities []float64) float64 {
	relevance, total := 0.0, 0.0
	for _, label := range v.labels {
		weight := float64(v.wanted[label])
		relevance += weight * v.meets(probabilities, label)
		total += weight
	}
	if total == 0 {
		return 1
	}
	return relevance / total
}

// avoidance is 1 for a molecule without anything unwanted, and falls with how
// far it is predicted to have that.
func (v *evaluator) avoidance(probabilities []float64) float64 {
	avoidance := 1.0
	for label, weight := range v.unwanted {
		if weight > 0 {
			avoidance *= 1 - min(float64(weight), 1)*v.meets(probabilities, label)
		}
	}
	return avoidance
}

// mostUnwanted names the descriptor of the unwanted label that a molecule is
// predicted to have most of.
func (v *evaluator) mostUnwanted(probabilities []float64) string {
	worst, most := 0, 0.0
	for label, weight := range v.unwanted {
		if has := float64(weight) * v.meets(probabilities, label); has > most {
			worst, most = label, has
		}
	}
	descriptor, _ := odor.LabelDescriptor(worst)
	return descriptor
}

// Three quarters of known odorants have a synthetic accessibility of at most
// 3.2, and one in a hundred has more than 5.2. A molecule loses score from easy
// on, and all of it at hopeless.
const (
	easy     = 3
	hopeless = 7
)

// accessibility turns a synthetic accessibility (1 easy, 10 hard) into a score.
func accessibility(sa float64) float64 {
	return min(max((hopeless-sa)/(hopeless-easy), 0), 1)
}

// known reports whether a molecule is new, and which odorant it resembles most.
func (v *evaluator) known(m *chem.Molecule, bits *fingerprint.Bits) *engine.Known {
	return &engine.Known{
		Training: v.model.Known(m),
		Library:  v.index.Contains(m),
		Nearest:  v.index.Nearest(bits, 1)[0],
	}
}
