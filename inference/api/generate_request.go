package api

import (
	"net/http"
	"slices"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

// generation is a generate request as it was read.
type generation struct {
	engine.Request
	engine string // its name, empty for the default
	stream *bool  // nil where the body does not say
}

// Bounds of the sampling fields.
const (
	leastTemperature, mostTemperature = 0.1, 2
	leastGuidance, mostGuidance       = 0, 5
)

// readGeneration reads the body of a generate request. What is wrong with it is
// a problem.
func (a *api) readGeneration(w http.ResponseWriter, r *http.Request) (generation, error) {
	o, err := readObject(w, r)
	if err != nil {
		return generation{}, err
	}
	return parseGeneration(o, a.vocabulary, a.names, a.minSafety)
}

func parseGeneration(o *object, vocabulary *odor.Vocabulary, engines []string, minSafety float64) (generation, error) {
	_, prompted := o.fields["prompt"]
	prompt := o.text("prompt", maxPrompt)
	g := o.generation(vocabulary, engines, minSafety)
	g.Prompt, g.stream = prompt, o.flag("stream")
	if !prompted && len(*o.errors) == 0 && !g.saysWhat() {
		o.fail("prompt", "is missing: give a prompt, constraints.must, like or scaffold")
	}
	return g, o.done()
}

// generation takes what a request for molecules says beside its prompt.
func (o *object) generation(vocabulary *odor.Vocabulary, engines []string, minSafety float64) generation {
	return generation{
		Request: engine.Request{
			Count:       o.integerOr("num_molecules", 1, maxMolecules, defaultMolecules),
			Seed:        o.integer("seed", -maxExact, maxExact),
			Sampling:    o.sampling(),
			Constraints: o.constraints(vocabulary, minSafety),
			Scaffold:    o.wholeMolecule("scaffold"),
			Like:        o.wholeMolecule("like"),
		},
		engine: o.choice("engine", engines),
	}
}

// saysWhat reports whether a request without a prompt says what to look for.
func (g *generation) saysWhat() bool {
	return len(g.Constraints.Must) > 0 || g.Like != nil || g.Scaffold != nil
}

func (o *object) sampling() engine.Sampling {
	s := engine.Sampling{
		Temperature: o.number("temperature", leastTemperature, mostTemperature),
		Guidance:    o.number("guidance", leastGuidance, mostGuidance),
	}
	if steps := o.integer("steps", 1, engine.MaxSteps); steps != nil {
		n := int(*steps)
		s.Steps = &n
	}
	return s
}

// engineOf returns the engine of a name, the default for an empty one.
func (a *api) engineOf(name string) engine.Engine {
	return a.engines[max(0, slices.Index(a.names, name))]
}
