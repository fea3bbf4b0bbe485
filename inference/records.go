package inference

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/odordiff/odordiff/inference/api"
	"github.com/odordiff/odordiff/inference/feedback"
	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/inference/store"
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

// records opens the store beside the server, which answers prompts meanwhile,
// and without it too.
type records struct {
	config Config

	mutex  sync.Mutex
	store  *store.Store
	opened *api.Records
	err    error // why it is not open
}

func newRecords(config Config) *records {
	r := &records{config: config, err: api.ErrOpening}
	if config.Store == "" {
		r.err = api.ErrNoRecords
	}
	return r
}

// get returns the records, or why there are none.
func (r *records) get() (*api.Records, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.opened, r.err
}

// current is the store for metrics, nil while it is not open.
func (r *records) current() *store.Store {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.store
}

// run opens the store and works on its jobs until ctx is done. The store stays
// open for requests that are still under way.
func (r *records) run(ctx context.Context, work func(context.Context, job.Item) job.Outcome) {
	if r.config.Store == "" || !r.open(ctx) {
		return
	}
	opened, _ := r.get() // it was opened
	runner := &job.Runner{Queue: opened.Jobs, Workers: r.config.JobWorkers, Do: work, Renew: renew, Logger: r.config.Logger}
	runner.Run(ctx)
}

// open tries until the store is open. It reports false where ctx is done first.
func (r *records) open(ctx context.Context) bool {
	for wait := firstRetry; ctx.Err() == nil; wait = min(2*wait, lastRetry) {
		s, err := store.Open(ctx, store.Config{Path: r.config.Store, MaxSize: r.config.StoreSize, Logger: r.config.Logger})
		if r.keep(s, err); err == nil {
			return true
		}
		r.config.Logger.Error("jobs and feedback cannot be kept", slog.Any("error", err))
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
	if err == nil {
		queue := job.NewSQLite(s, job.Config{MaxJobs: r.config.MaxJobs, Keep: r.config.JobRetention, Lease: lease, GaveUp: api.GaveUp()})
		r.opened = &api.Records{Jobs: queue, Feedback: feedback.NewBook(s), Trouble: s.Trouble}
	}
}

// close closes the store, if it is open, when nobody uses it any more.
func (r *records) close() {
	s := r.current()
	if s == nil {
		return
	}
	if err := s.Close(); err != nil {
		r.config.Logger.Error("closing the store failed", slog.Any("error", err))
	}
}
