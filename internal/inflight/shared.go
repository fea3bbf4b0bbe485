package inflight

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// Lease is how long a slot counts after it was taken or renewed. Renewals come
// three times as often, so that two may fail.
const Lease = 10 * time.Second

const (
	// soon is when a renewal that failed is tried again.
	soon = 250 * time.Millisecond
	// settling is how long a node goes on by its share when the shared store is
	// back, so that all nodes have said what they hold before any is given more.
	// No node finds out later than that.
	settling = 2 * window.DefaultRetry
)

var (
	//go:embed acquire.lua
	acquireSource string
	//go:embed update.lua
	updateSource string

	acquireScript = window.NewScript(acquireSource)
	updateScript  = window.NewScript(updateSource)
)

// Redis is where the slots are kept: beside the windows of limits, with the
// same notion of a Redis that is gone. It is a [window.Failover].
type Redis interface {
	Eval(ctx context.Context, script window.Script, keys []string, arguments ...any) ([]int64, error)
	Share(whole int64) int64
	Returns() int64
	Degraded() bool
}

// Shared keeps slots in Redis, shared by all who use the same prefix. A slot is
// an id in the sorted set of its key, by when it expires on the server's clock.
// As long as a node holds slots, it renews all of them together.
//
// While Redis is gone, each limit does what its OnError says; with
// [window.Local] a node gives no more than its share, of which it counts what
// it already holds. So with n nodes, and no fewer slots than nodes, at most
// 2 - 1/n times the slots are held then. When Redis is back, a node first says
// what it holds, and goes on by its share until the others have said so too.
type Shared struct {
	redis Redis
	lease time.Duration
	node  string // begins the ids of this node's slots
	taken atomic.Uint64

	// renewing is held by the one who renews.
	renewing sync.Mutex

	mu   sync.Mutex
	held map[string]map[string]struct{} // ids by key
	// unknown says that Redis may not know all that are held.
	unknown bool
	// returns is the number of the return of Redis since which it knows.
	returns int64
	// settled is until when only the share is given.
	settled time.Time
	// busy says that a renewal is under way. Slots that are given back meanwhile
	// would be renewed after they were released, so they wait in late.
	busy   bool
	late   []slot
	timer  *time.Timer // calls beat
	due    time.Time   // of the timer; zero while it is stopped
	closed bool
	work   sync.WaitGroup
}

// NewShared returns a store beside the windows of limits. The caller closes it
// before those.
func NewShared(redis Redis) *Shared { return newShared(redis, Lease) }

func newShared(redis Redis, lease time.Duration) *Shared {
	s := &Shared{redis: redis, lease: lease, node: rand.Text()[:12], held: make(map[string]map[string]struct{})}
	s.timer = time.AfterFunc(time.Hour, s.beat)
	s.timer.Stop()
	return s
}

// Acquire implements [Store].
func (s *Shared) Acquire(ctx context.Context, demands []Demand) (*Slots, Verdict, error) {
	if err := validate(demands); err != nil {
		return nil, Verdict{}, err
	}
	// A caller that leaves does not stop it: the slots would be taken, and nobody
	// would give them back before they expire. Redis has its own deadline.
	ctx = context.WithoutCancel(ctx)
	slots := s.newSlots(demands)
	err := s.catchUp(ctx)
	if err == nil {
		var verdict Verdict
		if verdict, err = s.ask(ctx, demands, slots); err == nil {
			return s.grant(slots, verdict), verdict, nil
		}
	}
	return s.alone(demands, slots, err)
}

func (s *Shared) newSlots(demands []Demand) []slot {
	slots := make([]slot, len(demands))
	for i, d := range demands {
		slots[i] = slot{nameOf(d), s.node + strconv.FormatUint(s.taken.Add(1), 36)}
	}
	return slots
}

var errSettling = errors.New("the nodes have not all said yet what they hold")

// catchUp returns nil if Redis may be asked for more slots: it knows those that
// are held here, and has had time to hear of the others'.
func (s *Shared) catchUp(ctx context.Context) error {
	if !s.behind() {
		return s.settle()
	}
	s.renewing.Lock()
	defer s.renewing.Unlock()
	if s.behind() { // not caught up by another meanwhile
		if err := s.renew(ctx); err != nil {
			return err
		}
	}
	return s.settle()
}

func (s *Shared) behind() bool {
	returns := s.redis.Returns()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unknown || s.returns != returns
}

func (s *Shared) settle() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.settled) {
		return errSettling
	}
	return nil
}

func (s *Shared) ask(ctx context.Context, demands []Demand, slots []slot) (Verdict, error) {
	keys := make([]string, len(demands))
	arguments := make([]any, 1, 1+3*len(demands))
	arguments[0] = s.lease.Milliseconds()
	for i, d := range demands {
		keys[i] = slots[i].key
		arguments = append(arguments, d.Limit.Max, slots[i].id, d.Limit.Shadow)
	}
	reply, err := s.redis.Eval(ctx, acquireScript, keys, arguments...)
	if err != nil {
		return Verdict{}, err
	}
	if len(reply) != 2*len(demands) {
		return Verdict{}, fmt.Errorf("unexpected reply of the script of slots: %d numbers for %d demands", len(reply), len(demands))
	}
	verdict := Verdict{Allowed: true, States: make([]State, len(demands))}
	for i, d := range demands {
		state := State{Limit: d.Limit, Refused: reply[2*i] == 1, Held: reply[2*i+1]}
		verdict.Allowed = verdict.Allowed && (!state.Refused || d.Limit.Shadow)
		verdict.States[i] = state
	}
	return verdict, nil
}

// grant keeps what Redis has given.
func (s *Shared) grant(slots []slot, verdict Verdict) *Slots {
	if !verdict.Allowed {
		return nil
	}
	granted := make([]slot, 0, len(slots))
	for i, state := range verdict.States {
		if !state.Refused {
			granted = append(granted, slots[i])
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(granted)
	s.beatIn(s.lease / 3)
	return &Slots{store: s, slots: granted}
}

// alone decides without Redis.
func (s *Shared) alone(demands []Demand, slots []slot, cause error) (*Slots, Verdict, error) {
	counted := make([]Demand, len(demands))
	for i, d := range demands {
		switch {
		case d.Limit.OnError == window.Deny && !d.Limit.Shadow:
			return nil, Verdict{}, fmt.Errorf("%w: limit %q: %w", window.ErrUnavailable, d.Limit.Name, cause)
		case d.Limit.OnError == window.Local:
			d.Limit.Max = s.redis.Share(d.Limit.Max)
		}
		counted[i] = d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lifted := func(i int) bool { return demands[i].Limit.OnError != window.Local }
	verdict := decide(counted, func(i int) int64 {
		if lifted(i) {
			return 0
		}
		return int64(len(s.held[slots[i].key]))
	})
	for i := range verdict.States {
		verdict.States[i].Degraded, verdict.States[i].Lifted = true, lifted(i)
	}
	if !verdict.Allowed {
		return nil, verdict, nil
	}
	// What is let through uncounted is kept too: it is told to Redis.
	granted := verdict.taken(slots)
	s.keep(granted)
	s.unknown = true
	s.beatIn(soon)
	return &Slots{store: s, slots: granted}, verdict, nil
}

// keep notes what this node holds. The caller has the lock.
func (s *Shared) keep(slots []slot) {
	for _, one := range slots {
		ids := s.held[one.key]
		if ids == nil {
			ids = make(map[string]struct{})
			s.held[one.key] = ids
		}
		ids[one.id] = struct{}{}
	}
}

// release gives slots back. What Redis does not hear of expires.
func (s *Shared) release(slots []slot) {
	s.mu.Lock()
	for _, one := range slots {
		ids := s.held[one.key]
		if delete(ids, one.id); len(ids) == 0 {
			delete(s.held, one.key)
		}
	}
	late := s.busy
	if late {
		s.late = append(s.late, slots...)
	}
	s.mu.Unlock()
	if !late {
		_ = s.update(context.Background(), slots, false)
	}
}

// Close implements [Store]. Slots that are still held expire: nobody renews
// them any more.
func (s *Shared) Close() error {
	s.mu.Lock()
	s.closed = true
	s.timer.Stop()
	s.mu.Unlock()
	s.work.Wait()
	return nil
}

// Interface guards
var (
	_ Store = (*Shared)(nil)
	_ Redis = (*window.Failover)(nil)
)

// jittered spreads what many nodes do at the same interval.
func jittered(d time.Duration) time.Duration {
	return d*3/4 + mathrand.N(cmp.Or(d/4, 1)) //nolint:gosec // jitter needs no secrecy
}
