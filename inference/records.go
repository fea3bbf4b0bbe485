package inference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/inference/api"
	"github.com/odordiff/odordiff/inference/feedback"
	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/inference/store"
	"github.com/odordiff/odordiff/internal/redisconn"
)

// Retries of opening the store.
const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Leases of items, and how often they are renewed.
const (
	lease = 15 * time.Second
	renew = 5 * time.Second
)

// The queue in Redis.
const (
	queuePrefix  = "odordiff"
	queueTimeout = 2 * time.Second // of a read or a write
	// checkTimeout is how long a request for the health may wait for it.
	checkTimeout = 300 * time.Millisecond
)

// records opens the store beside the server, which answers prompts meanwhile,
// and without it too. Where jobs are in Redis the store has the feedback alone,
// and they do not wait for it.
type records struct {
	config Config
	client redis.UniversalClient // nil where the store has the jobs, as the queue
	queue  *job.Redis

	mutex    sync.Mutex
	store    *store.Store
	jobs     job.Queue // nil while there is none
	feedback *feedback.Book
	err      error // why the store is not open
}

func newRecords(config Config) (*records, error) {
	r := &records{config: config, err: api.ErrOpening}
	if config.Store == "" {
		r.err = api.ErrNoRecords
	}
	if config.Jobs == "" {
		return r, nil
	}
	client, err := redisconn.Open(config.Jobs, queueTimeout)
	if err != nil {
		return nil, fmt.Errorf("the queue of jobs: %w", err)
	}
	r.client, r.queue = client, job.NewRedis(client, queuePrefix, r.queueConfig())
	r.jobs = r.queue
	return r, nil
}

func (r *records) queueConfig() job.Config {
	return job.Config{MaxJobs: r.config.MaxJobs, Keep: r.config.JobRetention, Lease: lease, GaveUp: api.GaveUp()}
}

// get returns the records, or why there are none.
func (r *records) get() (*api.Records, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.jobs == nil {
		return nil, r.err
	}
	return &api.Records{Jobs: r.jobs, Feedback: r.feedback, NoFeedback: r.err, Trouble: r.trouble}, nil
}

// trouble returns what is wrong with the records at the moment.
func (r *records) trouble() error {
	if r.queue != nil {
		ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
		defer cancel()
		if err := r.queue.Check(ctx); err != nil {
			return err
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case r.store != nil:
		return r.store.Trouble()
	case errors.Is(r.err, api.ErrNoRecords):
		return nil // nobody wants them
	}
	return r.err
}

// collectors have the metrics of the records.
func (r *records) collectors() []prometheus.Collector {
	collectors := []prometheus.Collector{job.Collector{Queue: r.currentJobs}}
	if !r.config.Worker {
		collectors = append(collectors, store.Collector{Store: r.currentStore})
	}
	return collectors
}

// currentStore is the store, nil while it is not open.
func (r *records) currentStore() *store.Store {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.store
}

// currentJobs is the queue, nil while it is not open.
func (r *records) currentJobs() job.Queue {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.jobs
}

// run opens the store and works on jobs until ctx is done. The records stay
// open for requests that are still under way.
func (r *records) run(ctx context.Context, work func(context.Context, job.Item) job.Outcome) {
	var beside sync.WaitGroup
	defer beside.Wait()
	if r.queue != nil {
		beside.Go(func() { r.queue.Listen(ctx) })
		beside.Go(func() { r.open(ctx) })
	} else if !r.open(ctx) {
		return
	}
	if r.config.JobWorkers < 0 {
		return
	}
	runner := &job.Runner{Queue: r.currentJobs(), Workers: r.config.JobWorkers, Do: work, Renew: renew, Logger: r.config.Logger}
	runner.Run(ctx)
}

// open tries until the store is open. It reports false where there is to be
// none, or ctx is done first.
func (r *records) open(ctx context.Context) bool {
	if r.config.Store == "" {
		return false
	}
	for wait := firstRetry; ctx.Err() == nil; wait = min(2*wait, lastRetry) {
		s, err := store.Open(ctx, store.Config{Path: r.config.Store, MaxSize: r.config.StoreSize, Logger: r.config.Logger})
		if r.keep(s, err); err == nil {
			return true
		}
		r.config.Logger.Error("the store of records cannot be opened", slog.Any("error", err))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return false
}

func (r *records) keep(s *store.Store, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.store, r.err = s, err
	if err != nil {
		return
	}
	r.feedback = feedback.NewBook(s)
	if r.queue == nil {
		r.jobs = job.NewSQLite(s, r.queueConfig())
	}
}

// close closes what is open, when nobody uses it any more.
func (r *records) close() {
	if s := r.currentStore(); s != nil {
		r.warn("closing the store failed", s.Close())
	}
	if r.client != nil {
		r.warn("closing the connections to Redis failed", r.client.Close())
	}
}

func (r *records) warn(message string, err error) {
	if err != nil {
		r.config.Logger.Error(message, slog.Any("error", err))
	}
}
