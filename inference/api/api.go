// Package api is the HTTP face of the inference backend: it reads requests
// strictly, bounds what runs at once, and answers with JSON or an RFC 9457 problem.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
)

// Limits on a request.
const (
	// MaxBody is the largest request body accepted, in bytes.
	MaxBody = 64 << 10
	// MaxPrompt is the longest prompt, in Unicode characters.
	MaxPrompt = 1000
	// MaxMolecules is the largest number of molecules in one answer.
	MaxMolecules = 50
	// DefaultMolecules is how many molecules are returned when the request does not say.
	DefaultMolecules = 5
)

// Config configures the API. All fields are required.
type Config struct {
	// Engine answers the prompts.
	Engine engine.Engine
	// MaxConcurrent is how many prompts are worked on at once, at least 1.
	MaxConcurrent int
	// MaxQueued is how many more may wait for their turn; 0 for none.
	MaxQueued int
	// Timeout is the longest that one prompt may take, waiting included.
	Timeout time.Duration
	// Ready reports whether the server takes requests; nil means that it does.
	Ready func() bool
	// Logger gets a line for each request. Prompts are never logged.
	Logger *slog.Logger
}

// api is the handler's state.
type api struct {
	engine    engine.Engine
	admission *admission
	timeout   time.Duration
	ready     func() bool
	logger    *slog.Logger
	metrics   *metrics
}

// New returns the handler of the API.
func New(config Config) (http.Handler, error) {
	switch {
	case config.Engine == nil:
		return nil, errors.New("inference API: Engine is missing")
	case config.MaxConcurrent < 1:
		return nil, fmt.Errorf("inference API: MaxConcurrent is %d, want at least 1", config.MaxConcurrent)
	case config.MaxQueued < 0:
		return nil, fmt.Errorf("inference API: MaxQueued is %d, want 0 or more", config.MaxQueued)
	case config.Timeout <= 0:
		return nil, fmt.Errorf("inference API: Timeout is %v, want more than 0", config.Timeout)
	case config.Logger == nil:
		return nil, errors.New("inference API: Logger is missing")
	}
	ready := config.Ready
	if ready == nil {
		ready = func() bool { return true }
	}
	a := &api{
		engine:    config.Engine,
		admission: newAdmission(config.MaxConcurrent, config.MaxQueued),
		timeout:   config.Timeout,
		ready:     ready,
		logger:    config.Logger,
	}
	a.metrics = newMetrics(a.admission)
	return a.routes(), nil
}

// handler answers a request or returns a problem that does.
type handler func(w http.ResponseWriter, r *http.Request) error

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/generate", a.only(a.generate, http.MethodPost))
	mux.Handle("/health/live", a.only(a.live, http.MethodGet, http.MethodHead))
	mux.Handle("/health/ready", a.only(a.readiness, http.MethodGet, http.MethodHead))
	mux.Handle("/metrics", a.only(a.metrics.serve, http.MethodGet, http.MethodHead))
	mux.Handle("/", a.refusing(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound.New("")
	}))
	return a.observe(mux)
}
