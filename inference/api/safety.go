package api

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// maxAssessed is the largest number of molecules that are assessed in one
// request.
const maxAssessed = 100

// The body of an answer about safety.
type (
	safetyAnswer struct {
		RequestID   string             `json:"request_id"`
		MinSafety   float64            `json:"min_safety"`
		Assessments []assessedMolecule `json:"assessments"`
		Disclaimer  string             `json:"disclaimer"`
	}
	assessedMolecule struct {
		SMILES string     `json:"smiles"`
		Name   string     `json:"name,omitempty"`
		Safety assessment `json:"safety"`
		// Passes reports whether a molecule may be in an answer that asks for
		// MinSafety.
		Passes bool `json:"passes"`
		// Restricted reports whether it is kept out of every answer.
		Restricted bool       `json:"restricted"`
		Properties properties `json:"properties"`
		// Profile is predicted, whether the molecule is known or not.
		Profile odorProfile `json:"predicted_odor_profile"`
	}
	assessment struct {
		Score    float64   `json:"score"`
		Findings []finding `json:"findings"`
	}
	finding struct {
		ID       string          `json:"id"`
		Category string          `json:"category"`
		Severity safety.Severity `json:"severity"`
		Basis    safety.Basis    `json:"basis"`
		Title    string          `json:"title"`
		Source   string          `json:"source"`
		// Atoms are places in the SMILES of the answer, from 0.
		Atoms []int `json:"atoms,omitempty"`
	}
)

// assessing is a request for assessments as it was read.
type assessing struct {
	molecules []*chem.Molecule
	minSafety float64
}

// assess answers POST /api/v1/assess/safety.
func (a *api) assess(w http.ResponseWriter, r *http.Request) error {
	o, err := readObject(w, r)
	if err != nil {
		return err
	}
	request, err := parseAssessing(o, a.minSafety)
	if err != nil {
		return err
	}
	ctx, cancel := a.bounded(r)
	defer cancel()
	answer := safetyAnswer{RequestID: requestID(ctx), MinSafety: request.minSafety, Disclaimer: safety.Disclaimer}
	err = a.admit(ctx, func() error {
		for _, m := range request.molecules {
			if err := ctx.Err(); err != nil {
				return err
			}
			answer.Assessments = append(answer.Assessments, a.assessMolecule(m, request.minSafety))
		}
		return nil
	})
	if err != nil {
		return refusal(err)
	}
	return writeJSON(w, answer)
}

func parseAssessing(o *object, floor float64) (assessing, error) {
	request := assessing{molecules: o.molecules("smiles"), minSafety: leastSafety(floor)}
	if least := o.minSafety(floor); least != nil {
		request.minSafety = *least
	}
	return request, o.done()
}

// molecules takes one SMILES or a list of them.
func (o *object) molecules(name string) []*chem.Molecule {
	value, ok := o.fields[name]
	if !ok {
		o.fail(name, "is missing")
		return nil
	}
	if value.Kind() == '"' {
		return []*chem.Molecule{o.molecule(name)}
	}
	items := o.list(name, maxAssessed)
	molecules := make([]*chem.Molecule, len(items))
	for i, item := range items {
		molecules[i] = o.moleculeAt(fmt.Sprintf("%s/%d", o.pointer(name), i), item)
	}
	return molecules
}

func (o *object) moleculeAt(field string, value jsontext.Value) *chem.Molecule {
	text, ok := stringOf(value)
	if !ok {
		o.add(fieldError{Field: field, Message: "must be a string"})
		return nil
	}
	m, wrong := readMolecule(field, text)
	if wrong != nil {
		o.add(*wrong)
	}
	return m
}

func (a *api) assessMolecule(m *chem.Molecule, minSafety float64) assessedMolecule {
	found := safety.Assess(m)
	out := assessedMolecule{
		SMILES:     m.SMILES(),
		Safety:     newAssessment(m, found),
		Passes:     found.Passes(minSafety),
		Restricted: found.Prohibited(),
		Properties: newProperties(m),
		Profile:    odorProfile{Descriptors: newWeighted(odor.ProfileOf(a.predictor.Probabilities(m)))},
	}
	if known, ok := a.index.Find(m); ok {
		out.Name = known.Name
	}
	return out
}

func newAssessment(m *chem.Molecule, a safety.Assessment) assessment {
	order := m.CanonicalOrder()
	findings := make([]finding, len(a.Findings))
	for i, f := range a.Findings {
		findings[i] = finding{f.ID, f.Category, f.Severity, f.Basis, f.Title, f.Source, places(f.Atoms, order)}
	}
	return assessment{round(a.Score, 4), findings}
}

// places finds atoms in the order of the SMILES that is shown.
func places(atoms, order []int) []int {
	found := make([]int, len(atoms))
	for i, atom := range atoms {
		found[i] = slices.Index(order, atom)
	}
	slices.Sort(found)
	return found
}
