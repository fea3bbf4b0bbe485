package api

import (
	"context"
	"net/http"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/fragrance"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// How many odorants a fragrance has.
const (
	leastOdorants   = 3
	mostOdorants    = 20
	defaultOdorants = 9
)

// novelCandidates is how many molecules an engine is asked for as further
// odorants.
const novelCandidates = 12

// fragranceAdvice belongs beside every formula.
const fragranceAdvice = "A starting point for a perfumer, not a recipe that is safe to use: parts follow from descriptors alone, " +
	"without regard to how strong an odorant smells, to its limits of use, or to how the odorants mix."

// The body of an answer with a fragrance.
type (
	fragranceAnswer struct {
		RequestID      string         `json:"request_id"`
		Prompt         string         `json:"prompt"`
		Engine         string         `json:"engine"`
		Seed           *int64         `json:"seed,omitempty"`
		Interpretation interpretation `json:"interpretation"`
		Parts          int            `json:"parts"`
		Accords        []accord       `json:"accords"`
		Coverage       []weighted     `json:"coverage"`
		Refused        []refused      `json:"refused"`
		Advice         string         `json:"advice"`
		Disclaimer     string         `json:"disclaimer"`
	}
	accord struct {
		Note  odor.Note `json:"note"`
		Parts int       `json:"parts"`
		Rows  []row     `json:"rows"`
	}
	row struct {
		Name   string    `json:"name,omitempty"`
		SMILES string    `json:"smiles"`
		Note   odor.Note `json:"note"`
		// NoteSource is "library" for a recorded note and "boiling-point" for
		// an estimate.
		NoteSource string     `json:"note_source"`
		Parts      int        `json:"parts"`
		Role       []weighted `json:"role"`
		// Novel marks a molecule that no library has: nobody may ever have
		// smelled it.
		Novel bool `json:"novel"`
	}
	refused struct {
		Name   string `json:"name,omitempty"`
		SMILES string `json:"smiles"`
		Reason string `json:"reason"`
	}
)

// readFragrance reads the body of a request for a fragrance as a request for
// molecules. Its Count is the number of odorants.
func (a *api) readFragrance(w http.ResponseWriter, r *http.Request) (generation, error) {
	o, err := readObject(w, r)
	if err != nil {
		return generation{}, err
	}
	return parseFragrance(o, a.vocabulary, a.names, a.minSafety)
}

func parseFragrance(o *object, vocabulary *odor.Vocabulary, engines []string, minSafety float64) (generation, error) {
	if _, ok := o.fields["prompt"]; !ok {
		o.fail("prompt", "is missing")
	}
	g := generation{
		Request: engine.Request{
			Prompt:      o.text("prompt", maxPrompt),
			Count:       o.integerOr("num_odorants", leastOdorants, mostOdorants, defaultOdorants),
			Seed:        o.integer("seed", -maxExact, maxExact),
			Constraints: o.constraints(vocabulary, minSafety),
		},
		engine: o.choice("engine", engines),
	}
	return g, o.done()
}

// design answers POST /api/v1/design/fragrance.
func (a *api) design(w http.ResponseWriter, r *http.Request) error {
	request, err := a.readFragrance(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := a.bounded(r)
	defer cancel()
	sketch, err := a.sketch(ctx, request)
	if err != nil {
		return refusal(err)
	}
	return writeJSON(w, sketch)
}

// sketch chooses among the library's odorants and the new molecules of the
// engine.
func (a *api) sketch(ctx context.Context, request generation) (fragranceAnswer, error) {
	filter, err := engine.NewFilter(request.Request)
	if err != nil {
		return fragranceAnswer{}, err
	}
	candidates, count := a.odorants(filter), request.Count
	request.Count = novelCandidates
	name, result, err := a.run(ctx, request)
	if err != nil {
		return fragranceAnswer{}, err
	}
	if len(result.Interpretation.Descriptors) == 0 {
		return fragranceAnswer{}, &engine.NotUnderstoodError{Interpretation: result.Interpretation}
	}
	for _, m := range result.Molecules {
		if _, known := a.index.Find(m.Structure); !known {
			// Its note is an estimate too, so Compose is to estimate it and say
			// so.
			candidates = append(candidates, fragrance.Odorant{Structure: m.Structure, Name: m.Name, Profile: m.Profile, Novel: true})
		}
	}
	formula := fragrance.Compose(candidates, fragrance.Brief{Wanted: result.Interpretation, Count: count, Rarity: a.rarity})
	return fragranceAnswer{
		RequestID:      requestID(ctx),
		Prompt:         request.Prompt,
		Engine:         name,
		Seed:           result.Seed,
		Interpretation: newInterpretation(result.Interpretation),
		Parts:          fragrance.Parts,
		Accords:        newAccords(formula.Accords),
		Coverage:       newWeighted(formula.Coverage),
		Refused:        newRefused(formula.Refused),
		Advice:         fragranceAdvice,
		Disclaimer:     safety.Disclaimer,
	}, nil
}

// odorants returns the library's odorants that keep to the constraints. Those
// that must not be used say why.
func (a *api) odorants(filter *engine.Filter) []fragrance.Odorant {
	var odorants []fragrance.Odorant
	for _, e := range a.index.Entries() {
		if filter.Keeps(e.Structure, e.Profile) != nil {
			continue
		}
		odorant := fragrance.Odorant{Structure: e.Structure, Name: e.Name, Profile: e.Profile, Note: e.Note}
		if filter.Passes(e.Safety) != nil {
			odorant.Refused = e.Safety.Findings[0].Title
		}
		odorants = append(odorants, odorant)
	}
	return odorants
}

func newAccords(accords []fragrance.Accord) []accord {
	out := make([]accord, len(accords))
	for i, a := range accords {
		out[i] = accord{a.Note, a.Parts, make([]row, len(a.Rows))}
		for j, r := range a.Rows {
			out[i].Rows[j] = newRow(a.Note, r)
		}
	}
	return out
}

func newRow(note odor.Note, r fragrance.Row) row {
	source := "library"
	if r.Estimated {
		source = "boiling-point"
	}
	return row{r.Name, r.Structure.SMILES(), note, source, r.Parts, newWeighted(r.Role), r.Novel}
}

func newRefused(odorants []fragrance.Odorant) []refused {
	out := make([]refused, len(odorants))
	for i, o := range odorants {
		out[i] = refused{o.Name, o.Structure.SMILES(), o.Refused}
	}
	return out
}
