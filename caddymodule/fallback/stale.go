package fallback

import (
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/ladder"
)

// Stale configures the store of earlier answers. Handlers with the same
// settings share one store, and a reload that does not change the settings
// keeps it.
type Stale struct {
	// How long an answer may be served after the upstream gave it. Default: 10m.
	TTL *caddy.Duration `json:"ttl,omitempty"`

	// How much memory all kept answers may take, in bytes. The least recently used
	// are dropped first. Default: 64 MiB.
	MaxSize *int64 `json:"max_size,omitempty"`

	// How large one kept answer may be, in bytes. Default: 1 MiB.
	MaxEntry *int64 `json:"max_entry,omitempty"`
}

// stores are the open stores by their limits. A store is only memory, which it
// gives back when it is no longer used.
var stores = gate.NewPool[ladder.Limits, *ladder.Store](nil)

func (s *Stale) limits() ladder.Limits {
	return ladder.Limits{TTL: time.Duration(*s.TTL), MaxSize: *s.MaxSize, MaxEntry: *s.MaxEntry}
}

func (s *Stale) open() (*ladder.Store, error) {
	limits := s.limits()
	store, _, err := stores.Acquire(limits, func() (*ladder.Store, error) {
		return ladder.NewStore(limits)
	})
	return store, err
}

func (s *Stale) close() error { return stores.Release(s.limits()) }
