package api

import (
	"net/http"

	"github.com/odordiff/odordiff/internal/problem"
)

type health struct {
	Status string `json:"status"`
	Engine string `json:"engine,omitempty"`
}

// live answers GET /health/live: the process serves HTTP.
func (*api) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, health{Status: "ok"})
}

// readiness answers GET /health/ready: the engine is loaded and the server is not on its way down.
func (a *api) readiness(w http.ResponseWriter, _ *http.Request) error {
	if !a.ready() {
		return problem.UpstreamUnavailable.New("the server is stopping").RetryAfter(retryAfter)
	}
	return writeJSON(w, health{Status: "ok", Engine: a.engine.Name()})
}
