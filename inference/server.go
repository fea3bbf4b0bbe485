// Package inference is the inference backend: an HTTP server that answers
// scent prompts with odorant molecules.
package inference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/odordiff/odordiff/inference/api"
	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/inference/engine/library"
	"github.com/odordiff/odordiff/inference/engine/sampler"
	"github.com/odordiff/odordiff/inference/odor"
	"github.com/odordiff/odordiff/inference/odor/predict"
	"github.com/odordiff/odordiff/inference/safety"
	"github.com/odordiff/odordiff/internal/tracing"
)

// Config configures a server. The zero value of each field is its default.
type Config struct {
	// Engines answer the prompts: the first those that name none. Default: the
	// sampler, then the library.
	Engines []engine.Engine
	// MaxConcurrent is how many prompts are worked on at once. Default: one per
	// CPU.
	MaxConcurrent int
	// MaxQueued is how many more may wait for their turn; more are answered
	// 503. Default: 128 times MaxConcurrent. Negative: none may wait.
	MaxQueued int
	// Timeout is the longest that one prompt may take, waiting included.
	// Default: 30 s.
	Timeout time.Duration
	// MinSafety is the smallest safety score, 0 to 1, that a request may ask
	// for: the operator's floor. Default: [safety.DefaultMinScore].
	MinSafety *float64
	// Grace is how long requests in flight may take to finish after a stop. Then
	// the store gets the time that it needs. Default: [DefaultGrace].
	Grace time.Duration
	// Store is the file in which jobs and feedback are kept. Default: they are
	// not kept, and requests for them are refused.
	Store string
	// Jobs is the URL of the Redis in which jobs are kept, for several processes
	// to share them. Its forms are those of [redisconn.Open]. Default: jobs are
	// kept in the Store.
	Jobs string
	// Worker makes the server work on jobs alone: it serves health and metrics,
	// and opens no Store. It needs Jobs.
	Worker bool
	// JobWorkers is how many prompts of jobs are worked on at once; they share
	// the slots of MaxConcurrent. Default: half of those, at least 1, and all of
	// a Worker. Negative: none, which leaves Jobs to others.
	JobWorkers int
	// StoreSize bounds the store, in bytes. Default: no bound.
	StoreSize int64
	// MaxJobs is how many jobs of one client are kept. Default: 1,000.
	MaxJobs int
	// JobRetention is how long a job is kept from its end on, and the longest
	// time that it may take. Default: seven days.
	JobRetention time.Duration
	// Version is that of the program, for the metrics.
	Version string
	// Tracing makes the spans of requests, without the prompt. Default: none are
	// made.
	Tracing *tracing.Provider
	// Logger gets a line for each request, without the prompt. Default: nothing
	// is logged.
	Logger *slog.Logger
}

// DefaultGrace is how long requests may take to finish.
const DefaultGrace = 10 * time.Second

func (c *Config) setDefaults() error {
	switch {
	case c.Worker && c.Jobs == "":
		return errors.New("a Worker needs Jobs")
	case c.JobWorkers < 0 && c.Jobs == "":
		return errors.New("nobody works on the jobs of a Store but its own server")
	}
	if c.Worker {
		c.Store = ""
	}
	if len(c.Engines) == 0 {
		engines, err := builtIn()
		if err != nil {
			return fmt.Errorf("loading the engines: %w", err)
		}
		c.Engines = engines
	}
	c.setDefaultLimits()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// builtIn returns the built-in engines, the best first.
func builtIn() ([]engine.Engine, error) {
	diffusion, err := sampler.New()
	if err != nil {
		return nil, err
	}
	retrieval, err := library.New()
	if err != nil {
		return nil, err
	}
	return []engine.Engine{diffusion, retrieval}, nil
}

func (c *Config) setDefaultLimits() {
	if c.MaxConcurrent == 0 {
		c.MaxConcurrent = runtime.GOMAXPROCS(0)
	}
	switch {
	case c.MaxQueued == 0:
		c.MaxQueued = 128 * c.MaxConcurrent
	case c.MaxQueued < 0:
		c.MaxQueued = 0
	}
	switch {
	case c.JobWorkers == 0 && c.Worker:
		c.JobWorkers = c.MaxConcurrent
	case c.JobWorkers == 0:
		c.JobWorkers = max(1, c.MaxConcurrent/2)
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.MinSafety == nil {
		floor := safety.DefaultMinScore
		c.MinSafety = &floor
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
}

// Limits of a connection. A slow client must not hold one for ever.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	idleTimeout   = 2 * time.Minute
	// to send an answer that took the whole Timeout
	writeSlack = 15 * time.Second
	maxHeader  = 32 << 10
)

// Server is the inference backend.
type Server struct {
	api      *api.API
	records  *records
	timeout  time.Duration
	grace    time.Duration
	logger   *slog.Logger
	stopping chan struct{}
}

// New returns a server. It loads the engines, so that a server that exists can
// answer.
func New(config Config) (*Server, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	records, err := newRecords(config)
	if err != nil {
		return nil, err
	}
	s := &Server{
		records:  records,
		timeout:  config.Timeout,
		grace:    config.Grace,
		logger:   config.Logger,
		stopping: make(chan struct{}),
	}
	handler, err := newAPI(config, s.records, s.stopping)
	if err != nil {
		return nil, err
	}
	s.api = handler
	return s, nil
}

// newAPI returns the API over the built-in library and models.
func newAPI(config Config, records *records, stopping <-chan struct{}) (*api.API, error) {
	odorants, err := odor.Default()
	if err != nil {
		return nil, fmt.Errorf("loading the library: %w", err)
	}
	index, err := engine.DefaultIndex()
	if err != nil {
		return nil, fmt.Errorf("indexing the library: %w", err)
	}
	predictor, err := predict.Default()
	if err != nil {
		return nil, fmt.Errorf("loading the odor predictor: %w", err)
	}
	return api.New(api.Config{
		Engines:       config.Engines,
		Library:       odorants,
		Index:         index,
		Predictor:     predictor,
		MaxConcurrent: config.MaxConcurrent,
		MaxQueued:     config.MaxQueued,
		Timeout:       config.Timeout,
		MinSafety:     *config.MinSafety,
		Records:       records.get,
		Worker:        config.Worker,
		Version:       config.Version,
		Collectors:    records.collectors(),
		Stopping:      stopping,
		Tracing:       config.Tracing,
		Logger:        config.Logger,
	})
}

// Serve answers requests on a listener until ctx is done. Then it takes no
// more, lets those in flight finish for the grace period, cuts what is left,
// and returns nil. It closes the listener. It is called once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.api,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + s.timeout + writeSlack,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	var worked sync.WaitGroup
	working, stopWork := context.WithCancel(ctx)
	worked.Go(func() { s.records.run(working, s.api.Work) })
	defer func() { // after the last request
		stopWork()
		worked.Wait()
		s.records.close()
	}()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	s.stop(server)
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	}
	return nil
}

func (s *Server) stop(server *http.Server) {
	close(s.stopping)
	ctx, cancel := context.WithTimeout(context.Background(), s.grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		s.logger.Warn("requests were cut off", slog.Any("error", err))
		_ = server.Close() // reports the listener, which Shutdown has closed already
	}
}
