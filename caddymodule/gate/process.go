package gate

import (
	"time"

	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/slots"
	"github.com/odordiff/odordiff/internal/window"
)

// processes has at most one value.
var processes = NewPool[struct{}]((*process).close)

// process is the state of the whole process. A reload must not forget a limit's
// charges, a nonce, or that an upstream is down.
type process struct {
	limits   *window.Memory
	live     *override.Store // limits, with overrides
	nonces   *nonce.Memory
	breakers *breaker.Registry
	health   *healthcheck.Registry
	inFlight *inflight.Memory
	queue    *queue.Queue
}

func newProcess() (*process, error) {
	limits := window.NewMemory(window.MemoryOptions{})
	return &process{
		limits:   limits,
		live:     override.NewStore(limits, override.New(nil)),
		nonces:   nonce.NewMemory(nonce.DefaultCapacity, time.Now),
		breakers: breaker.NewRegistry(),
		health:   new(healthcheck.Registry),
		inFlight: inflight.NewMemory(),
		queue:    queue.New(),
	}, nil
}

func (p *process) close() error {
	p.queue.Close()
	return p.live.Close()
}

// acquire returns a pool's value, which is released when the app's config ends.
func acquire[K comparable, V any](a *App, pool *Pool[K, V], key K, open func() (V, error)) (V, error) {
	value, _, err := pool.Acquire(key, open)
	if err == nil {
		a.cleanups = append(a.cleanups, func() error { return pool.Release(key) })
	}
	return value, err
}

// sharedSlots are the slots by their kind and bounds.
var sharedSlots = NewPool[slotsKey, *slots.Slots](nil)

type slotsKey struct {
	kind   string
	bounds slots.Bounds
}

// Slots returns the slots of a kind with these bounds. All modules that ask for
// the same share them, over reloads too.
func (a *App) Slots(kind string, bounds slots.Bounds) (*slots.Slots, error) {
	key := slotsKey{kind, bounds}
	shared, err := acquire(a, sharedSlots, key, func() (*slots.Slots, error) {
		return slots.New(bounds), nil
	})
	if err == nil {
		a.slots[key] = shared
	}
	return shared, err
}
