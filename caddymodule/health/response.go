package health

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/odordiff/odordiff/internal/healthcheck"
)

// response is the body of a health answer. It is not a problem of RFC 9457,
// even with status 503: the request was fine, and this is the answer.
type response struct {
	Status  healthcheck.Status `json:"status"`
	Failing []string           `json:"failing,omitempty"`
	Checks  []view             `json:"checks,omitempty"`
}

// view is one check with its details.
type view struct {
	Name      string             `json:"name"`
	Critical  bool               `json:"critical"`
	Status    healthcheck.Status `json:"status"`
	Detail    string             `json:"detail,omitempty"`
	Data      map[string]any     `json:"data,omitempty"`
	TookMS    float64            `json:"took_ms"`
	CheckedAt time.Time          `json:"checked_at,omitzero"`
	History   []change           `json:"history,omitempty"`
}

type change struct {
	At     time.Time          `json:"at"`
	From   healthcheck.Status `json:"from"`
	To     healthcheck.Status `json:"to"`
	Detail string             `json:"detail,omitempty"`
}

func viewsOf(states []healthcheck.State) []view {
	views := make([]view, len(states))
	for i, state := range states {
		views[i] = view{
			Name: state.Name, Critical: state.Critical, Status: state.Status,
			Detail: state.Detail, Data: state.Data, CheckedAt: state.CheckedAt.UTC(),
			TookMS: float64(state.Took.Microseconds()) / 1000,
		}
		for _, t := range state.History {
			views[i].History = append(views[i].History, change{At: t.At.UTC(), From: t.From, To: t.To, Detail: t.Detail})
		}
	}
	return views
}

// write sends the answer. net/http drops the body where the method is HEAD.
func (a response) write(w http.ResponseWriter) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("rendering the health: %w", err)
	}
	body = append(body, '\n')
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(a.code())
	_, err = w.Write(body)
	return err
}

func (a response) code() int {
	if a.Status == healthcheck.Failed {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}
