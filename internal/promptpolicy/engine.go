package promptpolicy

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/odordiff/odordiff/internal/watch"
)

// Options configure an [Engine]. The zero value of a duration is its default.
type Options struct {
	// Dir is the policy directory.
	Dir string
	// Conditions hold for the first version, and for later ones until
	// [Engine.Require] is called. The timeout is [DefaultTimeout] if 0.
	Conditions
	// Debounce is how long a directory must be unchanged before it is read; 250
	// ms if 0.
	Debounce time.Duration
	// Poll is how often the directory is read even if no change is notified, as
	// on network file systems; 5 s if 0.
	Poll time.Duration
	// LastGood is the file in which the last good version is kept. [Open] uses
	// it if the directory is refused. If it is empty, no version is kept.
	LastGood string
	// Admit judges a version; [Admit] if nil.
	Admit func(context.Context, *Snapshot, Conditions) (*Policy, error)
	// Report is called for each candidate, from one goroutine at a time; it may
	// be nil.
	Report func(Candidate)
}

// Candidate is the outcome of judging one version of the directory. A version
// that is refused only because it takes too long is tried again, and is
// reported again if the outcome changes.
type Candidate struct {
	// Hash names the content; empty where the directory could not be read.
	Hash string
	// Err is nil for a version that is now in force. It is [Faults], or an error
	// of reading.
	Err error
	// Lost are the tests of the version in force before that this one has not.
	Lost []string
	// Took is how long reading, compiling and testing took.
	Took time.Duration
}

// Status is the state of an [Engine].
type Status struct {
	// Revision is the hash of the version in force.
	Revision string `json:"revision"`
	// LoadedAt is when it came into force.
	LoadedAt time.Time `json:"loaded_at"`
	// Candidate is the hash of the directory as it was last judged; it differs
	// from the revision while the directory is refused.
	Candidate string `json:"candidate"`
	// Faults are why the directory is refused; empty while it is in force.
	Faults Faults `json:"faults,omitempty"`
	// RefusedAt is when it was first refused; zero while it is in force.
	RefusedAt time.Time `json:"refused_at,omitzero"`
	// KeptSince is when the version in force was kept on disk, if it came from
	// there because the directory was refused at the start; zero otherwise.
	KeptSince time.Time `json:"kept_since,omitzero"`
	// NotKept is why the version in force could not be kept on disk; empty where
	// it was.
	NotKept string `json:"not_kept,omitempty"`
}

// Engine keeps the policy of a directory current. A version that does not pass
// [Admit] changes nothing: the last good one stays in force.
type Engine struct {
	opts    Options
	current atomic.Pointer[Policy]
	watcher *watch.Watcher

	// Only the watching goroutine uses these: what it judged last, and the last
	// error of reading, so that each is reported once.
	judged string
	unread string
	retry  retry

	mu       sync.Mutex // guards the fields below, and changes of current
	status   Status
	required map[string]int
	must     map[*Conditions]bool
}

// Open loads a policy directory and watches it until [Engine.Close]. If its
// first version is not admitted, the last good version on disk is put in force,
// and [Engine.Status] says so. If there is none, Open returns the error of the
// directory.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	first, err := open(ctx, opts)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		opts:     opts,
		judged:   first.status.Candidate,
		required: map[string]int{},
		must:     map[*Conditions]bool{},
		status:   first.status,
	}
	if first.err != nil && first.status.Candidate == "" {
		e.unread = first.err.Error()
	}
	if isOverdue(first.err) {
		e.retry.later(false, opts.Poll)
	}
	e.current.Store(first.policy)
	e.watcher = e.watch()
	return e, nil
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Debounce == 0 {
		o.Debounce = 250 * time.Millisecond
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Admit == nil {
		o.Admit = Admit
	}
	if o.Report == nil {
		o.Report = func(Candidate) {}
	}
	return o
}

// Current returns the policy in force. A request that needs more than one
// decision should use the same policy for all.
func (e *Engine) Current() *Policy { return e.current.Load() }

// Status returns the current state.
func (e *Engine) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	status := e.status
	status.Faults = slices.Clone(status.Faults)
	return status
}

// Close stops the watching, and returns when it has stopped.
func (e *Engine) Close() { _ = e.watcher.Close() }

// Require sets conditions for every later version, until release is called: it
// must contain the schemas of the given files, such as "schemas/generate.json",
// and fulfil must. It returns an error if the version in force lacks a schema
// or tests.
func (e *Engine) Require(must Conditions, schemas ...string) (release func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if faults := missingSchemas(e.Current(), slices.Values(schemas)); faults != nil {
		return nil, faults
	}
	if err := must.enough(e.Current().Tests()); err != nil {
		return nil, err
	}
	for _, name := range schemas {
		e.required[name]++
	}
	e.must[&must] = true
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, name := range schemas {
			if e.required[name]--; e.required[name] == 0 {
				delete(e.required, name)
			}
		}
		delete(e.must, &must)
	}), nil
}

// strictest returns conditions that fulfil all that are required.
func (e *Engine) strictest() Conditions {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.must) == 0 {
		return e.opts.Conditions
	}
	all := Conditions{Timeout: math.MaxInt64}
	for must := range e.must {
		all.Timeout = min(all.Timeout, must.Timeout)
		all.MinTests = max(all.MinTests, must.MinTests)
		all.Covered = all.Covered || must.Covered
	}
	return all
}

func missingSchemas(policy *Policy, names iter.Seq[string]) error {
	var faults Faults
	for name := range names {
		if _, ok := policy.Schema(name); !ok {
			faults = append(faults, Fault{File: name, Message: "a route needs this schema, but the policy directory has no such file"})
		}
	}
	if faults == nil {
		return nil
	}
	return faults
}

// reload judges the directory if it changed since it was last judged. Only the
// watching goroutine calls it.
func (e *Engine) reload(ctx context.Context) {
	start := time.Now()
	snap, err := ReadSnapshot(e.opts.Dir)
	if err != nil {
		e.cannotRead(err, start)
		return
	}
	e.unread = ""
	known := snap.Hash == e.judged
	if known && !e.retry.due(start) {
		return
	}
	before := e.Current()
	policy := before
	if snap.Hash != policy.Revision() { // otherwise an edit was undone
		policy, err = e.opts.Admit(ctx, snap, e.strictest())
	}
	if ctx.Err() != nil {
		return
	}
	e.judged = snap.Hash
	err = e.conclude(snap, policy, err)
	if late := isOverdue(err); !late {
		e.retry = retry{}
	} else if e.retry.later(known, e.opts.Poll); known {
		return // it has been reported
	}
	outcome := Candidate{Hash: snap.Hash, Err: err, Took: time.Since(start)}
	if err == nil {
		outcome.Lost = lost(before.Tests(), policy.Tests())
	}
	e.opts.Report(outcome)
}

func lost(before, now []string) []string {
	return slices.DeleteFunc(slices.Clone(before), func(name string) bool { return slices.Contains(now, name) })
}

// conclude puts an admitted policy in force, or records why there is none.
func (e *Engine) conclude(snap *Snapshot, policy *Policy, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		err = missingSchemas(policy, maps.Keys(e.required))
	}
	e.status.Candidate = snap.Hash
	if err != nil {
		e.refuse(err)
		return err
	}
	if policy != e.Current() {
		e.current.Store(policy)
		e.status.Revision, e.status.LoadedAt = policy.Revision(), time.Now()
		e.status.keep(snap, e.opts.LastGood)
	}
	e.status.Faults, e.status.RefusedAt, e.status.KeptSince = nil, time.Time{}, time.Time{}
	return nil
}

// refuse records a refusal; e.mu is held.
func (e *Engine) refuse(err error) {
	e.status.Faults = FaultsOf(err)
	if e.status.RefusedAt.IsZero() {
		e.status.RefusedAt = time.Now()
	}
}

func (e *Engine) cannotRead(err error, start time.Time) {
	if e.unread == err.Error() {
		return
	}
	e.unread, e.judged = err.Error(), ""
	e.mu.Lock()
	e.status.Candidate = ""
	e.refuse(err)
	e.mu.Unlock()
	e.opts.Report(Candidate{Err: err, Took: time.Since(start)})
}
