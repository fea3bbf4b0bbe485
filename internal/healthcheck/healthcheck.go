// Package healthcheck runs named checks and reports the overall health.
//
// Checks run on demand, in parallel, each with its own timeout, and their
// results are kept for a while. So asking often costs nothing, and a dependency
// that hangs delays an answer at most once, by that timeout. A caller who
// cannot wait that long passes a context that ends earlier: it gets the last
// results while the checks go on.
package healthcheck

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultTimeout is how long a check without a Timeout may take.
	DefaultTimeout = 2 * time.Second
	// DefaultInterval is how long a result of a check without an Interval is
	// kept.
	DefaultInterval = 5 * time.Second
	// maxAge is how long after its interval a result is still reported while a
	// new one is missing. An older result says nothing about now.
	maxAge = 5 * time.Minute
)

// Result is what one run of a check found.
type Result struct {
	Status Status
	// Detail says in a few words what was found. Only authorised callers see
	// it.
	Detail string
	// Data are figures behind the status, such as bytes free; nil where there are
	// none.
	Data map[string]any
	// Took is how long the run lasted. The registry sets it.
	Took time.Duration
}

// Func performs a check. It should return when ctx ends, at the check's
// timeout. If it does not, the check is reported as failed and is not run again
// until it has returned.
type Func func(ctx context.Context) Result

// Check is a named thing to look at.
type Check struct {
	// Name is the check's name in reports and metrics: "redis", "policy". It comes
	// from code or configuration, never from a request.
	Name string
	// Critical makes a failure of this check a failure of the whole report.
	// Without it, a failure only degrades the report.
	Critical bool
	// Timeout is how long a run may take; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Interval is how long a result is good for; 0 means [DefaultInterval].
	Interval time.Duration
	// Run performs the check. It must not be nil.
	Run Func
}

// Registry holds the checks of one process. Its zero value is empty and ready
// for use. All methods may be called at once from many goroutines.
type Registry struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// Register adds a check and returns the function that removes it, which may be
// called more than once.
//
// Of several checks of one name the last one registered is in force. When it is
// removed, the one before it is in force again. So a new configuration can
// register its checks before the old one has removed its own.
func (r *Registry) Register(check Check) (remove func()) {
	check.Timeout = cmp.Or(check.Timeout, DefaultTimeout)
	check.Interval = cmp.Or(check.Interval, DefaultInterval)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	e, ok := r.entries[check.Name]
	if !ok {
		e = newEntry(check.Name)
		r.entries[check.Name] = e
	}
	e.push(&check)
	return func() { r.remove(e, &check) }
}

func (r *Registry) remove(e *entry, check *Check) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.drop(check) == 0 && r.entries[e.name] == e {
		delete(r.entries, e.name)
	}
}

// Report returns the state of every check, ordered by name. It first runs the
// checks whose results are too old. It returns after the longest timeout of the
// checks at the latest, and at once when ctx ends. For a check that has not
// finished by then it reports the last result, or [Unknown] if there is none or
// it is minutes old; the run goes on.
func (r *Registry) Report(ctx context.Context) Report {
	entries := r.sorted()
	report := Report{Checks: make([]State, len(entries))}
	var wg sync.WaitGroup
	for i, e := range entries {
		wg.Go(func() { report.Checks[i] = e.refresh(ctx) })
	}
	wg.Wait()
	for _, state := range report.Checks {
		report.Status = max(report.Status, state.weight())
	}
	return report
}

func (r *Registry) sorted() []*entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := make([]*entry, 0, len(r.entries))
	for _, e := range r.entries {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(a.name, b.name) })
	return entries
}
