package breaker

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// idle is how long a closed breaker is kept without an attempt. Upstreams may
// come and go by the hour; those in use are asked far more often.
const idle = time.Hour

// Registry holds the breakers of a process, so that all that concerns one
// upstream shares one breaker, over reloads too. The zero value is not ready: use
// [NewRegistry]. Its methods may be called concurrently.
type Registry struct {
	observer atomic.Pointer[func(Change)]

	mu       sync.Mutex
	breakers map[key]*entry
	groups   uint64 // made so far
}

// entry is a breaker and what the registry knows about it.
type entry struct {
	*Breaker
	configured uint64 // by the group of this serial
}

// key is what tells breakers apart. Its text is the breaker's id.
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

// Snapshots returns every breaker as it is now, ordered by id.
func (r *Registry) Snapshots() []Snapshot {
	r.mu.Lock()
	snapshots := make([]Snapshot, 0, len(r.breakers))
	for _, b := range r.breakers {
		snapshots = append(snapshots, b.Snapshot())
	}
	r.mu.Unlock()
	slices.SortFunc(snapshots, func(a, b Snapshot) int { return cmp.Compare(a.ID, b.ID) })
	return snapshots
}

// Observe makes observer the one that is told of every change of every
// breaker, in place of the one before. It runs on the goroutine of the
// request that caused the change, so it should be quick.
func (r *Registry) Observe(observer func(Change)) { r.observer.Store(&observer) }

func (r *Registry) tell(c Change) {
	if observer := r.observer.Load(); observer != nil && *observer != nil {
		(*observer)(c)
	}
}

// dropIdle forgets breakers that nothing has used for long. r.mu is held.
func (r *Registry) dropIdle(now time.Time) {
	for k, b := range r.breakers {
		if b.idleSince(now) >= idle {
			delete(r.breakers, k)
		}
	}
}

// idleSince returns how long nothing has used a closed breaker, 0 for others:
// an open breaker and a forced one are worth remembering.
func (b *Breaker) idleSince(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != Closed || b.forced {
		return 0
	}
	return now.Sub(b.lastUsed)
}
