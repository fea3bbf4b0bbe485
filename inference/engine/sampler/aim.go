package sampler

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
)

// aim is what molecules are sampled towards, in the models' labels.
type aim struct {
	wanted, unwanted []float32
	figures          map[string]float64
	whole            *diffusion.Condition // all of it, for drafts to share
}

// together is the largest number of labels that one molecule is asked to have.
// Few molecules have more, and the model was trained on a handful at most.
const together = 3

// condition returns what one draft is to become: all that is wanted where it is
// little, else some of it, at random and by its weight, so that the molecules
// of an answer share the work.
func (a aim) condition(rng *rand.Rand) *diffusion.Condition {
	if len(a.labels()) <= together {
		return a.whole
	}
	wanted := make([]float32, len(a.wanted))
	for _, label := range a.draw(rng) {
		wanted[label] = a.wanted[label]
	}
	return &diffusion.Condition{Wanted: wanted, Unwanted: a.unwanted, Figures: a.figures}
}

// labels lists the labels that are wanted.
func (a aim) labels() []int {
	var labels []int
	for i, w := range a.wanted {
		if w > 0 {
			labels = append(labels, i)
		}
	}
	return labels
}

// draw picks some of the labels that are wanted, each with a chance by its
// weight (Efraimidis and Spirakis, Inf. Process. Lett. 2006, 97, 181).
func (a aim) draw(rng *rand.Rand) []int {
	labels := a.labels()
	keys := make(map[int]float64, len(labels))
	for _, label := range labels {
		keys[label] = math.Pow(rng.Float64(), 1/float64(a.wanted[label]))
	}
	slices.SortFunc(labels, func(i, j int) int { return cmp.Compare(keys[j], keys[i]) })
	return labels[:together]
}

// Where the prompt asks for nothing, a molecule to resemble asks for what it is
// predicted to smell of: so many of its likeliest labels, down to this
// probability.
const (
	likeLabels      = 5
	likeProbability = 0.2
)

func newAim(request engine.Request, interpretation odor.Interpretation, predictor *predict.Predictor) aim {
	wanted, unwanted := odor.LabelWeights(interpretation)
	a := aim{wanted: wanted, unwanted: unwanted, figures: figuresOf(inRangeOf(interpretation.Notes, request.Constraints))}
	if request.Like != nil {
		if len(a.labels()) == 0 {
			a.wanted = likeliest(predictor.Probabilities(request.Like))
		}
		resemble(a.figures, request.Like)
	}
	a.whole = &diffusion.Condition{Wanted: a.wanted, Unwanted: a.unwanted, Figures: a.figures}
	return a
}

// likeliest returns weights that want the most probable labels.
func likeliest(probabilities []float64) []float32 {
	wanted := make([]float32, len(probabilities))
	for range likeLabels {
		best := -1
		for i, p := range probabilities {
			if wanted[i] == 0 && p >= likeProbability && (best < 0 || p > probabilities[best]) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		wanted[best] = 1
	}
	return wanted
}

// figuresOf returns figures in the middle of what the constraints allow.
func figuresOf(c engine.Constraints) map[string]float64 {
	figures := map[string]float64{}
	for _, f := range []struct {
		name   string
		allows engine.Range
		reach  float64 // from the one bound that there is
	}{
		{"weight", c.Weight, 30},
		{"logp", c.LogP, 0.7},
	} {
		switch lowest, highest := f.allows.Min, f.allows.Max; {
		case lowest != nil && highest != nil:
			figures[f.name] = (*lowest + *highest) / 2
		case lowest != nil:
			figures[f.name] = *lowest + f.reach
		case highest != nil:
			figures[f.name] = *highest - f.reach
		}
	}
	aimAtBoilingPoint(figures, c.BoilingPoint)
	return figures
}

// inRangeOf adds the boiling points of the note to the constraints, where the
// prompt names one note and the constraints say nothing of boiling points.
func inRangeOf(notes []odor.Note, c engine.Constraints) engine.Constraints {
	if len(notes) != 1 || c.BoilingPoint.Bounded() {
		return c
	}
	least, most := odor.BoilingPoints(notes[0])
	if notes[0] != odor.Top {
		c.BoilingPoint.Min = &least
	}
	if notes[0] != odor.Base {
		c.BoilingPoint.Max = &most
	}
	return c
}

// aimAtBoilingPoint turns a bound on the boiling point into a weight to aim at,
// where nothing is said of the weight. Over the library's odorants the
// estimated boiling point is 234 °C at 166 g/mol and rises by 1.24 K with each
// g/mol.
func aimAtBoilingPoint(figures map[string]float64, allows engine.Range) {
	if _, said := figures["weight"]; said || !allows.Bounded() {
		return
	}
	weightAt := func(celsius float64) float64 { return min(max(166+(celsius-234)/1.24, 60), 300) }
	switch {
	case allows.Min != nil && allows.Max != nil:
		figures["weight"] = weightAt((*allows.Min + *allows.Max) / 2)
	case allows.Min != nil:
		figures["weight"] = weightAt(*allows.Min + 25)
	default:
		figures["weight"] = weightAt(*allows.Max - 25)
	}
}

// resemble aims at a molecule's own figures where the constraints say nothing.
func resemble(figures map[string]float64, m *chem.Molecule) {
	own := map[string]float64{
		"weight": m.Weight(),
		"logp":   property.LogP(m),
		"tpsa":   property.TPSA(m),
		"rings":  float64(m.Rings()),
	}
	for name, value := range own {
		if _, said := figures[name]; !said {
			figures[name] = value
		}
	}
}
