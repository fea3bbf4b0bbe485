package window

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// repeatFor is for how long a refusal is repeated at most.
	repeatFor = 250 * time.Millisecond
	// maxRefusals is how many are remembered at a time.
	maxRefusals = 1 << 12
)

// Refusals is a [Shared] store in front of another. Who is refused and asks for
// the same again is refused for a moment without asking: until the refused
// charges would fit, and for 250 ms at most. So a client that does not wait
// costs the shared store little. Quota that is given back early, by a
// settlement or by another node's [Store.Forget], is granted that much later.
type Refusals struct {
	Shared
	clock func() time.Time
	seed  maphash.Seed

	// count is how many are remembered, for those who need not lock.
	count atomic.Int64
	mu    sync.Mutex
	made  map[uint64]refusal
}

type refusal struct {
	verdict  Verdict
	at, ends time.Time
}

// NewRefusals returns a store in front of the shared one, which it closes.
func NewRefusals(shared Shared) *Refusals {
	return &Refusals{Shared: shared, clock: time.Now, seed: maphash.MakeSeed(), made: make(map[uint64]refusal)}
}

// Decide implements [Store].
func (r *Refusals) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if verdict, again := r.repeat(charges); again {
		return verdict, nil
	}
	verdict, err := r.Shared.Decide(ctx, charges)
	if err == nil && !verdict.Allowed {
		r.remember(charges, verdict)
	}
	return verdict, err
}

// Forget implements [Store].
func (r *Refusals) Forget(ctx context.Context, c Charge) error {
	err := r.Shared.Forget(ctx, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	return err
}

func (r *Refusals) clear() {
	clear(r.made)
	r.count.Store(0)
}

// repeat returns the refusal of the same charges, if there was one just now.
func (r *Refusals) repeat(charges []Charge) (Verdict, bool) {
	if r.count.Load() == 0 {
		return Verdict{}, false
	}
	of, now := r.hash(charges), r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	made, found := r.made[of]
	if !found {
		return Verdict{}, false
	}
	if !now.Before(made.ends) {
		delete(r.made, of)
		r.count.Store(int64(len(r.made)))
		return Verdict{}, false
	}
	return made.after(now.Sub(made.at)), true
}

// after is the verdict a while later.
func (r refusal) after(elapsed time.Duration) Verdict {
	states := slices.Clone(r.verdict.States)
	for i := range states {
		states[i].Reset = max(0, states[i].Reset-elapsed)
		states[i].RetryAfter = max(0, states[i].RetryAfter-elapsed)
	}
	return Verdict{States: states}
}

func (r *Refusals) remember(charges []Charge, verdict Verdict) {
	// The decision is refused until all of its charges fit.
	var fits time.Duration
	for _, s := range verdict.States {
		switch {
		case !s.Refused || s.Limit.Shadow:
		case s.Never:
			fits = repeatFor
		default:
			fits = max(fits, s.RetryAfter)
		}
	}
	now := r.clock()
	made := refusal{verdict: verdict, at: now, ends: now.Add(min(fits, repeatFor))}
	of := r.hash(charges)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.made) >= maxRefusals {
		r.clear()
	}
	// The caller may change what it was given.
	made.verdict.States = slices.Clone(verdict.States)
	r.made[of] = made
	r.count.Store(int64(len(r.made)))
}

// hash tells decisions apart by all that their verdict depends on.
func (r *Refusals) hash(charges []Charge) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	var figures [6 * 8]byte
	for _, c := range charges {
		binary.LittleEndian.PutUint64(figures[0:], uint64(c.Limit.Window))
		binary.LittleEndian.PutUint64(figures[8:], uint64(c.Limit.Rate))
		binary.LittleEndian.PutUint64(figures[16:], uint64(c.Cost))
		binary.LittleEndian.PutUint64(figures[24:], uint64(len(c.Key)))
		binary.LittleEndian.PutUint64(figures[32:], uint64(c.Limit.Algorithm))
		binary.LittleEndian.PutUint64(figures[40:], uint64(c.Limit.Burst))
		_, _ = h.Write(figures[:])
		_, _ = h.WriteString(c.Key)
		_, _ = h.WriteString(c.Limit.Name)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}
