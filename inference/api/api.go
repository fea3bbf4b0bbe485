// Package api is the HTTP face of the inference backend: it reads requests
// strictly, bounds what runs at once, and answers with JSON or an RFC 9457
// problem.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// Limits on a request.
const (
	// maxBody is the largest request body accepted, in bytes.
	maxBody = 64 << 10
	// maxPrompt is the longest prompt, in Unicode characters.
	maxPrompt = 1000
	// maxMolecules is the largest number of molecules in one answer.
	maxMolecules = 50
	// defaultMolecules is how many molecules are returned when the request does
	// not say.
	defaultMolecules = 5
)

// Config configures the API. Records, Worker, Version, Collectors,
// Stopping and Tracing may be left out.
type Config struct {
	// Engines answer the prompts: the first those that name none. Their names
	// differ.
	Engines []engine.Engine
	// Library has the vocabulary of the constraints and says how rare a
	// descriptor is.
	Library *odor.Library
	// Index is that of the library.
	Index *engine.Index
	// Predictor predicts the odors of molecules that are assessed.
	Predictor *predict.Predictor
	// MaxConcurrent is how many prompts are worked on at once, at least 1.
	MaxConcurrent int
	// MaxQueued is how many more may wait for their turn; 0 for none.
	MaxQueued int
	// Timeout is the longest that one prompt may take, waiting included.
	Timeout time.Duration
	// MinSafety is the smallest safety score, 0 to 1, that a request may ask
	// for.
	MinSafety float64
	// Records returns where jobs and feedback are kept. Its error says why they
	// are not at the moment, and wraps [ErrNoRecords] where they never are. Nil
	// is the same as that.
	Records func() (*Records, error)
	// Worker leaves out all routes but those of health and metrics.
	Worker bool
	// Version is that of the program, for the metrics.
	Version string
	// Collectors have further metrics.
	Collectors []prometheus.Collector
	// Stopping is closed when the server takes no more requests; nil means
	// never.
	Stopping <-chan struct{}
	// Tracing makes the spans of requests; nil for none. No span has a prompt.
	Tracing *tracing.Provider
	// Logger gets a line for each request. Prompts are never logged.
	Logger *slog.Logger
}

// api is the state of the handler.
type api struct {
	engines    []engine.Engine
	names      []string // of the engines
	vocabulary *odor.Vocabulary
	rarity     func(descriptor string) float64
	index      *engine.Index
	predictor  *predict.Predictor
	admission  *admission
	timeout    time.Duration
	minSafety  float64
	records    func() (*Records, error)
	streams    streams
	worker     bool
	stopping   <-chan struct{}
	tracing    *tracing.Provider
	logger     *slog.Logger
	metrics    *metrics
}

// New returns the handler of the API.
func New(config Config) (*API, error) {
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("inference API: %w", err)
	}
	a := &api{
		engines:    config.Engines,
		names:      namesOf(config.Engines),
		vocabulary: config.Library.Vocabulary(),
		rarity:     config.Library.Rarity,
		index:      config.Index,
		predictor:  config.Predictor,
		admission:  newAdmission(config.MaxConcurrent, config.MaxQueued),
		timeout:    config.Timeout,
		minSafety:  config.MinSafety,
		records:    config.Records,
		streams:    streams{open: map[string]int{}},
		worker:     config.Worker,
		stopping:   config.Stopping,
		tracing:    config.Tracing,
		logger:     config.Logger,
	}
	if a.records == nil {
		a.records = func() (*Records, error) { return nil, ErrNoRecords }
	}
	a.metrics = newMetrics(a.admission, config.Version, config.Collectors)
	return &API{a.handler(), a}, nil
}

// API is the handler of the API, and what works on the items of its jobs.
type API struct {
	http.Handler
	api *api
}

// ready reports whether the server takes requests.
func (a *api) ready() bool {
	select {
	case <-a.stopping:
		return false
	default:
		return true
	}
}

func (c *Config) check() error {
	names := namesOf(c.Engines)
	slices.Sort(names)
	switch {
	case len(c.Engines) == 0:
		return errors.New("no Engines are given")
	case len(slices.Compact(names)) < len(c.Engines):
		return errors.New("two Engines have one name")
	case c.Library == nil || c.Index == nil || c.Predictor == nil:
		return errors.New("a Library, an Index or a Predictor is missing")
	case c.MaxConcurrent < 1:
		return fmt.Errorf("a MaxConcurrent of %d, want at least 1", c.MaxConcurrent)
	case c.MaxQueued < 0:
		return fmt.Errorf("a MaxQueued of %d, want 0 or more", c.MaxQueued)
	case c.Timeout <= 0:
		return fmt.Errorf("a Timeout of %v, want more than 0", c.Timeout)
	case !(c.MinSafety >= 0 && c.MinSafety <= 1): // NaN is neither
		return fmt.Errorf("a MinSafety of %v, want 0 to 1", c.MinSafety)
	case c.Logger == nil:
		return errors.New("a Logger is missing")
	}
	return nil
}

func namesOf(engines []engine.Engine) []string {
	names := make([]string, len(engines))
	for i, e := range engines {
		names[i] = e.Name()
	}
	return names
}

// handler answers a request or returns a problem that does.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is a path and what answers there.
type route struct {
	path    string
	methods []string
	answer  handler
}

var (
	posting = []string{http.MethodPost}
	reading = []string{http.MethodGet, http.MethodHead}
)

func (a *api) routes() []route {
	operation := []route{
		{"/health/live", reading, a.live},
		{"/health/ready", reading, a.readiness},
		{"/metrics", reading, a.metrics.serve},
	}
	if a.worker {
		return operation
	}
	return append([]route{
		{"/api/v1/generate", posting, a.generate},
		{"/api/v1/generate/batch", posting, a.batch},
		{"/api/v1/jobs", reading, a.jobs},
		{"/api/v1/jobs/{id}", []string{http.MethodGet, http.MethodHead, http.MethodDelete}, a.job},
		{"/api/v1/jobs/{id}/results", reading, a.results},
		{"/api/v1/molecules/{id}/feedback", posting, a.feedback},
		{"/api/v1/assess/safety", posting, a.assess},
		{"/api/v1/design/fragrance", posting, a.design},
		{"/api/v1/molecules/depict.svg", reading, a.depiction},
		{"/api/v1/molecules/similar", reading, a.similar},
		{"/api/v1/openapi.json", reading, a.description},
	}, operation...)
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		a.metrics.know(r.path)
		mux.Handle(r.path, a.only(r.answer, r.methods...))
	}
	mux.Handle("/", a.refusing(func(http.ResponseWriter, *http.Request) error {
		return problem.NotFound.New("")
	}))
	return a.observe(mux)
}
