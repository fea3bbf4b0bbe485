package api

import (
	"math"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/safety"
)

// The body of an answer. A figure that is not known is absent.
type (
	answer struct {
		RequestID      string         `json:"request_id"`
		Prompt         string         `json:"prompt"`
		Engine         string         `json:"engine"`
		Interpretation interpretation `json:"interpretation"`
		// Seed is absent where the engine has no randomness, and Sampled where
		// it samples nothing.
		Seed       *int64     `json:"seed,omitempty"`
		Sampled    int        `json:"sampled,omitzero"`
		Molecules  []molecule `json:"molecules"`
		Withheld   []withheld `json:"withheld"`
		Disclaimer string     `json:"disclaimer"`
	}
	withheld struct {
		Reason engine.Reason `json:"reason"`
		Detail string        `json:"detail,omitempty"`
		Count  int           `json:"count"`
	}
	interpretation struct {
		Descriptors      []weighted  `json:"descriptors"`
		Excluded         []weighted  `json:"excluded"`
		Odorants         []string    `json:"odorants,omitempty"`
		ExcludedOdorants []string    `json:"excluded_odorants,omitempty"`
		Notes            []odor.Note `json:"notes"`
		Unrecognised     []string    `json:"unrecognised"`
		// Suggestions are absent where there are none.
		Suggestions []suggestion `json:"suggestions,omitempty"`
	}
	suggestion struct {
		Word  string   `json:"word"`
		Known []string `json:"known"`
	}
	weighted struct {
		Name   string    `json:"name"`
		Weight float64   `json:"weight"`
		Note   odor.Note `json:"note,omitempty"`
	}
)

func newAnswer(id, prompt, name string, result engine.Result) answer {
	molecules := make([]molecule, len(result.Molecules))
	for i, m := range result.Molecules {
		molecules[i] = newMolecule(m)
	}
	left := make([]withheld, len(result.Withheld))
	for i, w := range result.Withheld {
		left[i] = withheld(w)
	}
	return answer{
		RequestID:      id,
		Prompt:         prompt,
		Engine:         name,
		Interpretation: newInterpretation(result.Interpretation),
		Seed:           result.Seed,
		Sampled:        result.Sampled,
		Molecules:      molecules,
		Withheld:       left,
		Disclaimer:     safety.Disclaimer,
	}
}

func newInterpretation(i odor.Interpretation) interpretation {
	wanted := make([]weighted, len(i.Descriptors))
	for n, w := range i.Descriptors {
		wanted[n] = weighted{w.Descriptor, round(w.Weight, 2), w.Note}
	}
	suggestions := make([]suggestion, len(i.Suggestions))
	for n, s := range i.Suggestions {
		suggestions[n] = suggestion(s)
	}
	return interpretation{
		Descriptors:      wanted,
		Excluded:         newWeighted(i.Excluded),
		Odorants:         i.Odorants,
		ExcludedOdorants: i.ExcludedOdorants,
		Notes:            i.Notes,
		Unrecognised:     i.Unrecognised,
		Suggestions:      suggestions,
	}
}

func newWeighted(list []odor.Weighted) []weighted {
	out := make([]weighted, len(list))
	for i, w := range list {
		out[i] = weighted{Name: w.Descriptor, Weight: round(w.Weight, 2)}
	}
	return out
}

// round rounds to a number of digits after the point.
func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

// significant rounds to a number of significant digits.
func significant(x float64, digits int) float64 {
	// it was just written
	kept, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	return kept
}

// writeJSON answers with a value. It is stale at once, but a gateway may fall
// back on it for the same principal while we are down.
func writeJSON(w http.ResponseWriter, value any) error {
	return writeJSONAs(w, http.StatusOK, "private, max-age=0", value)
}

// writeState answers with how something stands, or was changed. Nobody keeps
// it.
func writeState(w http.ResponseWriter, status int, value any) error {
	return writeJSONAs(w, status, "no-store", value)
}

func writeJSONAs(w http.ResponseWriter, status int, caching string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)+1))
	header.Set("Cache-Control", caching)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) //nolint:gosec // it is JSON and says so; a failed write is a client that has gone
	return nil
}
