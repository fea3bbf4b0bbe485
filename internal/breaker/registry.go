package breaker

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// idle is how long a breaker that no group holds is kept without an attempt.
// Upstreams that are found by DNS come and go; those in use are asked far more
// often.
const idle = 10 * time.Minute

// Registry holds the breakers of a process, so that everything that uses one
// upstream shares one breaker, across reloads too. Make one with [NewRegistry].
// Its methods may be called concurrently.
type Registry struct {
	observer atomic.Pointer[Observer]

	mu       sync.Mutex
	breakers map[key]*entry
	groups   uint64 // made so far
}

// entry is a breaker and what the registry knows about it.
type entry struct {
	*Breaker
	configured uint64 // by the group of this serial
	holds      int    // of groups
}

// Observer is told what happens to breakers. Its functions run on the goroutine
// that caused the event, so they should be quick. Either field may be nil.
type Observer struct {
	// Changed is called for every change of every breaker, without any lock
	// held.
	Changed func(Change)
	// Forgotten is called with the id of each breaker that was forgotten. The
	// registry is locked during the call, so Forgotten must not use it. A
	// breaker with the same id is only made after Forgotten has returned.
	Forgotten func(id string)
}

// key identifies a breaker. Its text is the breaker's id.
type key struct{ name, upstream string }

func (k key) String() string {
	if k.name == "" {
		return k.upstream
	}
	return k.name + "/" + k.upstream
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{breakers: make(map[key]*entry)}
}

// Find returns the breaker with the id, or nil.
func (r *Registry) Find(id string) *Breaker {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.breakers {
		if b.id == id {
			return b.Breaker
		}
	}
	return nil
}

// Snapshots returns the current state of every breaker, ordered by id. It
// forgets idle breakers first.
func (r *Registry) Snapshots() []Snapshot {
	r.mu.Lock()
	r.dropIdle(time.Now())
	snapshots := make([]Snapshot, 0, len(r.breakers))
	for _, e := range r.breakers {
		snapshots = append(snapshots, e.Snapshot())
	}
	r.mu.Unlock()
	slices.SortFunc(snapshots, func(a, b Snapshot) int { return cmp.Compare(a.ID, b.ID) })
	return snapshots
}

// Observe replaces the observer.
func (r *Registry) Observe(o Observer) { r.observer.Store(&o) }

func (r *Registry) tell(c Change) {
	if o := r.observer.Load(); o != nil && o.Changed != nil {
		o.Changed(c)
	}
}

// dropIdle forgets breakers that no group holds and that have been idle for too
// long. r.mu is held.
func (r *Registry) dropIdle(now time.Time) {
	for k, e := range r.breakers {
		if e.holds == 0 && e.idleFor(now) >= idle {
			r.drop(k, e)
		}
	}
}

// drop forgets a breaker. r.mu is held.
func (r *Registry) drop(k key, e *entry) {
	delete(r.breakers, k)
	e.retire()
	if o := r.observer.Load(); o != nil && o.Forgotten != nil {
		o.Forgotten(e.id)
	}
}

// idleFor returns for how long nothing has used the breaker; not positive while
// it is open and its period lasts.
func (b *Breaker) idleFor(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return min(now.Sub(b.lastUsed), now.Sub(b.probeAt))
}

// retire silences a forgotten breaker. Running attempts may still use it.
func (b *Breaker) retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notify = nil
}
