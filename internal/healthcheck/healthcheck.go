// Package healthcheck runs named checks and says how the whole does.
//
// Checks run when somebody asks, side by side and each under its own timeout,
// and their results are kept for a while: asking often costs nothing, and a
// dependency that hangs delays an answer by that timeout at most once. Who cannot
// wait that long asks with a context that ends earlier, and is told what was
// found last while the check goes on.
package healthcheck

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultTimeout is how long a check may take where it does not say.
	DefaultTimeout = 2 * time.Second
	// DefaultInterval is how long a result is kept where the check does not say.
	DefaultInterval = 5 * time.Second
	// maxAge is how long after its interval a result still stands in for one that
	// does not come. What was found before says nothing of now.
	maxAge = 5 * time.Minute
)

// Result is what one run of a check found.
type Result struct {
	Status Status
	// Detail says in a few words what was found. It is shown to the authorised only.
	Detail string
	// Data are figures behind the status, such as bytes free; nil where there are none.
	Data map[string]any
	// Took is how long the run lasted. The registry sets it.
	Took time.Duration
}

// Func looks at one thing. It should give up when ctx ends, at the check's
// timeout; one that does not is reported as failed and left alone until it returns.
type Func func(ctx context.Context) Result

// Check is a named thing to look at.
type Check struct {
	// Name is the check's name in reports and metrics: "redis", "policy". It comes
	// from code or configuration, never from a request.
	Name string
	// Critical makes a failure of this check a failure of the whole. Without it, a
	// failure only degrades the whole.
	Critical bool
	// Timeout is how long a run may take; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Interval is how long a result is good for; 0 means [DefaultInterval].
	Interval time.Duration
	// Run looks. It must not be nil.
	Run Func
}

// Registry holds the checks of one process. Its zero value is empty and ready
// for use. All methods may be called at once from many goroutines.
type Registry struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// Register adds a check and returns the function that takes it out again,
// which may be called more than once.
//
// Checks of one name are one check: the last registered is in force, and
// when it is taken out the one before it returns. So a new configuration can
// register its checks before the old one has taken out its own.
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

// Report returns the state of every check, in order of their names, and runs
// those first whose result is too old. It returns after the longest timeout
// of the checks at the latest, and at once when ctx ends: what is not known by
// then is reported as it was last known, or as [Unknown] where that was never or
// minutes ago. A run that was begun goes on.
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
