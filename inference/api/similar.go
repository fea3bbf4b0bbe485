package api

import (
	"net/http"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/safety"
)

// How many similar odorants an answer has.
const (
	mostSimilar    = 50
	defaultSimilar = 10
)

// The body of an answer about similar odorants.
type (
	similarAnswer struct {
		RequestID string       `json:"request_id"`
		SMILES    string       `json:"smiles"`
		Odorants  []resembling `json:"odorants"`
	}
	resembling struct {
		neighbour
		Profile odorProfile `json:"odor_profile"`
	}
)

// similar answers GET /api/v1/molecules/similar.
func (a *api) similar(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	m := q.molecule("smiles")
	limit := q.integerOr("limit", 1, mostSimilar, defaultSimilar)
	if m != nil {
		if hazard, ok := safety.Assess(m).Hazard(); ok {
			q.fail("smiles", "the safety screen refuses it: %s", hazard.Title)
		}
	}
	if err := q.done(); err != nil {
		return err
	}
	found := a.index.Nearest(new(engine.Fingerprint(m)), limit)
	odorants := make([]resembling, len(found))
	for i, n := range found {
		odorants[i] = newResembling(n)
	}
	return writeJSON(w, similarAnswer{requestID(r.Context()), m.SMILES(), odorants})
}

func newResembling(n engine.Neighbour) resembling {
	return resembling{
		newNeighbour(n),
		odorProfile{newWeighted(n.Profile), n.Note},
	}
}
