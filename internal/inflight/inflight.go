// Package inflight limits how many requests of a key are under way at once.
//
// A request takes a slot of each of its limits, all in one step or none, and
// gives them back when it ends, however it ends. There are two stores: [Memory]
// for one process, and [Shared] for many, on Redis. A process that shares its
// slots renews them as long as it lives. So the slots of one that was killed
// are free within [Lease].
package inflight

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/odordiff/odordiff/internal/window"
)

// MaxSlots is how many slots a key may have: each is an entry in Redis.
const MaxSlots = 100_000

// ErrInvalid says that a demand makes no sense. It is the caller's mistake.
var ErrInvalid = errors.New("invalid demand")

// Limit is a named rule: Max requests at once.
type Limit struct {
	// Name tells limits apart. Limits of the same name share their keys' slots.
	Name string
	// Max is how many slots a key has, from 1 to [MaxSlots].
	Max int64
	// OnError says what the limit does while the shared store is gone.
	OnError window.OnError
	// Shadow makes the limit count as any other, but never refuse a decision. A
	// slot that is not free is then not taken.
	Shadow bool
}

// Demand asks for a slot of one key.
type Demand struct {
	Limit Limit
	// Key is whose slot it is. Stores keep only its hash.
	Key string
}

// Verdict is the answer to all demands of one decision.
type Verdict struct {
	// Allowed says that every slot was taken, except those of shadows that were
	// not free. Otherwise none was taken.
	Allowed bool
	// States has the state of each demand's key after the decision, in order.
	States []State
}

// State is one key after a decision.
type State struct {
	Limit Limit
	// Held is how many slots are taken.
	Held int64
	// Refused says that this limit had no free slot.
	Refused bool
	// Degraded says that the shared store was gone and the limit's OnError
	// decided. With [window.Local] the Max of Limit is then this node's share.
	Degraded bool
	// Lifted says that the limit was not applied, because the shared store was
	// gone and its OnError lets everything pass.
	Lifted bool
}

// Store hands out slots. It is safe for concurrent use.
type Store interface {
	// Acquire takes a slot of each demand in one step, or none. If the verdict
	// allows it, the caller must release the slots once. An error wraps
	// [ErrInvalid] if the demands make no sense, and [window.ErrUnavailable] if a
	// limit refuses to be decided while the shared store is gone.
	Acquire(ctx context.Context, demands []Demand) (*Slots, Verdict, error)
	// Close ends the store. It must not be used afterwards, but slots may still be
	// released.
	Close() error
}

// Slots are what one request holds.
type Slots struct {
	store interface{ release(slots []slot) }
	slots []slot
	given atomic.Bool
}

// slot is one of a key's. Its id is empty where nobody else needs to know it.
type slot struct{ key, id string }

// Release gives the slots back. Only the first call does something; nil has no
// slots.
func (s *Slots) Release() {
	if s != nil && s.given.CompareAndSwap(false, true) {
		s.store.release(s.slots)
	}
}

func validate(demands []Demand) error {
	for i, d := range demands {
		switch {
		case d.Limit.Name == "":
			return fmt.Errorf("%w: a limit needs a name", ErrInvalid)
		case d.Limit.Max < 1 || d.Limit.Max > MaxSlots:
			return fmt.Errorf("%w: limit %q: %d slots, must be from 1 to %d", ErrInvalid, d.Limit.Name, d.Limit.Max, int64(MaxSlots))
		}
		// Each demand is checked against what is held before the decision, so two on
		// one key would together overrun it.
		for _, other := range demands[:i] {
			if d.Limit.Name == other.Limit.Name && d.Key == other.Key {
				return fmt.Errorf("%w: limit %q is there twice for one key", ErrInvalid, d.Limit.Name)
			}
		}
	}
	return nil
}

// nameOf names the slots of a demand's key without revealing whose they are.
func nameOf(d Demand) string {
	sum := sha256.Sum256([]byte(d.Key))
	return "slots:" + d.Limit.Name + ":" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// decide fills in the verdict, given how many slots of each key are held.
func decide(demands []Demand, held func(i int) int64) Verdict {
	verdict := Verdict{Allowed: true, States: make([]State, len(demands))}
	for i, d := range demands {
		state := State{Limit: d.Limit, Held: held(i)}
		state.Refused = state.Held >= d.Limit.Max
		verdict.Allowed = verdict.Allowed && (!state.Refused || d.Limit.Shadow)
		verdict.States[i] = state
	}
	return verdict
}

// taken returns the slots that an allowed verdict takes, and counts them in its
// states.
func (v *Verdict) taken(slots []slot) []slot {
	all := make([]slot, 0, len(slots))
	for i := range v.States {
		if !v.States[i].Refused {
			v.States[i].Held++
			all = append(all, slots[i])
		}
	}
	return all
}
