package api

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/chem/property"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// maxDescriptors is the longest list of descriptors in a constraint.
const maxDescriptors = 20

// bounds are what the ends of a range may be.
type bounds struct{ least, most float64 }

var (
	weightBounds  = bounds{0, 2000}                     // g/mol
	logPBounds    = bounds{-20, 20}                     //
	boilingBounds = bounds{property.AbsoluteZero, 1000} // degrees Celsius
)

// constraints takes the constraints on every molecule, with a safety score of
// at least floor.
func (o *object) constraints(vocabulary *odor.Vocabulary, floor float64) engine.Constraints {
	var c engine.Constraints
	o.object("constraints", func(inner *object) {
		c.Weight = inner.interval("molecular_weight", weightBounds)
		c.LogP = inner.interval("logp", logPBounds)
		c.BoilingPoint = inner.interval("boiling_point", boilingBounds)
		c.Must = inner.descriptors("must", vocabulary)
		c.MustNot = inner.descriptors("must_not", vocabulary)
		c.MinSafety = inner.minSafety(floor)
		inner.contradictions(vocabulary, c)
	})
	if least := leastSafety(floor); c.MinSafety == nil && least > safety.DefaultMinScore {
		c.MinSafety = &least
	}
	return c
}

// minSafety takes a smallest safety score, nil where it is absent or below the
// operator's floor.
func (o *object) minSafety(floor float64) *float64 {
	least := o.number("min_safety", 0, 1)
	if least != nil && *least < floor {
		o.fail("min_safety", "must be at least %v, the floor that the operator has set", floor)
		return nil
	}
	return least
}

// leastSafety is the smallest safety score where a request does not say.
func leastSafety(floor float64) float64 { return max(safety.DefaultMinScore, floor) }

// interval takes a closed interval, either end of which may be left out.
func (o *object) interval(name string, b bounds) engine.Range {
	var r engine.Range
	o.object(name, func(ends *object) {
		r.Min = ends.number("min", b.least, b.most)
		r.Max = ends.number("max", b.least, b.most)
		if r.Min != nil && r.Max != nil && *r.Min > *r.Max {
			ends.fail("max", "must not be less than min, %v", *r.Min)
		}
	})
	return r
}

// descriptors takes a list of odor words, each by one of its names. They come
// back as the vocabulary calls them, each once.
func (o *object) descriptors(name string, vocabulary *odor.Vocabulary) []string {
	var found []string
	items := o.list(name, maxDescriptors)
	for i, item := range items {
		descriptor, wrong := readDescriptor(item, vocabulary)
		if wrong != nil {
			wrong.Field = fmt.Sprintf("%s/%d", o.pointer(name), i)
			o.add(*wrong)
			continue
		}
		if !slices.Contains(found, descriptor) {
			found = append(found, descriptor)
		}
	}
	return found
}

func readDescriptor(item jsontext.Value, vocabulary *odor.Vocabulary) (string, *fieldError) {
	word, ok := stringOf(item)
	if !ok {
		return "", &fieldError{Message: "must be a string"}
	}
	descriptor, ok := vocabulary.Resolve(word)
	if !ok {
		return "", &fieldError{Message: "is no known descriptor", Suggestions: vocabulary.Suggest(word)}
	}
	return descriptor, nil
}

// contradictions reports constraints that no molecule can keep to: one that
// demands a descriptor and refuses the same or a broader one.
func (o *object) contradictions(vocabulary *odor.Vocabulary, c engine.Constraints) {
	for _, refused := range c.MustNot {
		at := slices.IndexFunc(c.Must, func(wanted string) bool { return vocabulary.Implies(wanted, refused) })
		if at >= 0 {
			o.fail("must_not", "refuses %s, which must has as %s", refused, c.Must[at])
		}
	}
}
