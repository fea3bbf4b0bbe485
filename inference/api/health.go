package api

import (
	"net/http"

	"github.com/odordiff/odordiff/internal/problem"
)

type health struct {
	Status string `json:"status"`
	// Engine is the one that answers where a request names none of Engines.
	Engine  string   `json:"engine,omitempty"`
	Engines []string `json:"engines,omitempty"`
	// Records is the state of jobs and feedback, and Detail why it is not ok.
	Records string `json:"records,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// live answers GET /health/live: the process serves HTTP.
func (*api) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, health{Status: "ok"})
}

// readiness answers GET /health/ready: the engines are loaded and the server is
// not on its way down. It is ready without its records, too: prompts need none.
func (a *api) readiness(w http.ResponseWriter, _ *http.Request) error {
	if !a.ready() {
		return problem.UpstreamUnavailable.New("the server is stopping").RetryAfter(retryAfter)
	}
	h := health{Status: "ok", Engine: a.names[0], Engines: a.names}
	h.Records, h.Detail = a.recordsHealth()
	return writeJSON(w, h)
}
