package gate

import (
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/slots"
	"github.com/odordiff/odordiff/internal/window"
)

// pool keeps what outlives a reload. Its keys are of the types below, so that
// equal options share one value.
var pool = caddy.NewUsagePool()

type processKey struct{}

// process is what there is one of: a reload must forget neither a limit's
// charges, nor a nonce, nor that an upstream is down.
type process struct {
	limits   *window.Memory
	nonces   *nonce.Memory
	breakers *breaker.Registry
	health   *healthcheck.Registry
}

// Destruct implements caddy.Destructor.
func (p *process) Destruct() error { return p.limits.Close() }

func (a *App) acquireProcess() error {
	value, err := a.acquire(processKey{}, func() (caddy.Destructor, error) {
		return &process{
			limits:   window.NewMemory(window.MemoryOptions{}),
			nonces:   nonce.NewMemory(nonce.DefaultCapacity, time.Now),
			breakers: breaker.NewRegistry(),
			health:   new(healthcheck.Registry),
		}, nil
	})
	if err != nil {
		return err
	}
	a.process = value.(*process)
	return nil
}

// acquire gets a value from the pool, or makes it, and sees to its release.
func (a *App) acquire(key any, construct caddy.Constructor) (any, error) {
	value, _, err := pool.LoadOrNew(key, construct)
	if err != nil {
		return nil, err
	}
	a.release = append(a.release, func() error {
		_, err := pool.Delete(key)
		return err
	})
	return value, nil
}

type slotsKey struct {
	kind   string
	bounds slots.Bounds
}

// sharedSlots are slots that the pool keeps.
type sharedSlots struct{ *slots.Slots }

// Destruct implements caddy.Destructor.
func (sharedSlots) Destruct() error { return nil }

// Slots returns the slots of a kind with these bounds, which all modules and,
// over a reload, all configs share that ask for the same.
func (a *App) Slots(kind string, bounds slots.Bounds) (*slots.Slots, error) {
	value, err := a.acquire(slotsKey{kind, bounds}, func() (caddy.Destructor, error) {
		return sharedSlots{slots.New(bounds)}, nil
	})
	if err != nil {
		return nil, err
	}
	return value.(sharedSlots).Slots, nil
}
