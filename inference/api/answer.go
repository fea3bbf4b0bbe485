package api

import (
	"math"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
)

// The body of an answer. A figure that is not known is absent.
type (
	answer struct {
		RequestID      string         `json:"request_id"`
		Prompt         string         `json:"prompt"`
		Engine         string         `json:"engine"`
		Interpretation interpretation `json:"interpretation"`
		Molecules      []molecule     `json:"molecules"`
	}
	interpretation struct {
		Descriptors      []weighted  `json:"descriptors"`
		Excluded         []weighted  `json:"excluded"`
		Odorants         []string    `json:"odorants,omitempty"`
		ExcludedOdorants []string    `json:"excluded_odorants,omitempty"`
		Notes            []odor.Note `json:"notes"`
		Unrecognised     []string    `json:"unrecognised"`
	}
	weighted struct {
		Name   string    `json:"name"`
		Weight float64   `json:"weight"`
		Note   odor.Note `json:"note,omitempty"`
	}
	molecule struct {
		SMILES     string      `json:"smiles"`
		Name       string      `json:"name,omitempty"`
		Profile    odorProfile `json:"odor_profile"`
		Properties properties  `json:"properties"`
		Scores     scores      `json:"scores"`
		Source     string      `json:"source"`
	}
	odorProfile struct {
		Descriptors []weighted `json:"descriptors"`
		Note        odor.Note  `json:"note,omitempty"`
	}
	properties struct {
		Formula          string  `json:"formula"`
		MolecularWeight  float64 `json:"molecular_weight"`
		MonoisotopicMass float64 `json:"monoisotopic_mass"`
		HeavyAtoms       int     `json:"heavy_atoms"`
		Rings            int     `json:"rings"`
		HBondDonors      int     `json:"hbond_donors"`
		HBondAcceptors   int     `json:"hbond_acceptors"`
		RotatableBonds   int     `json:"rotatable_bonds"`
	}
	scores struct {
		Overall   float64 `json:"overall"`
		Relevance float64 `json:"relevance"`
		Avoidance float64 `json:"avoidance"`
	}
)

func newAnswer(id, prompt, name string, result engine.Result) answer {
	molecules := make([]molecule, len(result.Molecules))
	for i, m := range result.Molecules {
		molecules[i] = newMolecule(m)
	}
	return answer{
		RequestID:      id,
		Prompt:         prompt,
		Engine:         name,
		Interpretation: newInterpretation(result.Interpretation),
		Molecules:      molecules,
	}
}

func newInterpretation(i odor.Interpretation) interpretation {
	wanted := make([]weighted, len(i.Descriptors))
	for n, w := range i.Descriptors {
		wanted[n] = weighted{w.Descriptor, round(w.Weight, 2), w.Note}
	}
	return interpretation{
		Descriptors:      wanted,
		Excluded:         newWeighted(i.Excluded),
		Odorants:         i.Odorants,
		ExcludedOdorants: i.ExcludedOdorants,
		Notes:            i.Notes,
		Unrecognised:     i.Unrecognised,
	}
}

func newWeighted(list []odor.Weighted) []weighted {
	out := make([]weighted, len(list))
	for i, w := range list {
		out[i] = weighted{Name: w.Descriptor, Weight: round(w.Weight, 2)}
	}
	return out
}

func newMolecule(m engine.Molecule) molecule {
	return molecule{
		SMILES:     m.Structure.SMILES(),
		Name:       m.Name,
		Profile:    odorProfile{newWeighted(m.Profile), m.Note},
		Properties: newProperties(m.Structure),
		Scores: scores{
			Overall:   round(m.Scores.Overall, 4),
			Relevance: round(m.Scores.Relevance, 4),
			Avoidance: round(m.Scores.Avoidance, 4),
		},
		Source: m.Source,
	}
}

func newProperties(m *chem.Molecule) properties {
	return properties{
		Formula:          m.Formula(),
		MolecularWeight:  round(m.Weight(), 3),
		MonoisotopicMass: round(m.MonoisotopicMass(), 5),
		HeavyAtoms:       m.HeavyAtoms(),
		Rings:            m.Rings(),
		HBondDonors:      m.HBondDonors(),
		HBondAcceptors:   m.HBondAcceptors(),
		RotatableBonds:   m.RotatableBonds(),
	}
}

// round keeps the digits that mean something.
func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

func writeJSON(w http.ResponseWriter, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)+1))
	// Stale at once, but a gateway may fall back on it for the same principal while we are down.
	header.Set("Cache-Control", "private, max-age=0")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(append(body, '\n')) //nolint:gosec // it is JSON and says so; a failed write is a client that has gone
	return nil
}
