package window

import (
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultMaxKeys is how many windows a [Memory] keeps unless told otherwise:
	// some 30 MB when most keys are seen now and then, 300 MB at the very worst.
	DefaultMaxKeys = 1 << 18
	// MinMaxKeys is the smallest bound on windows.
	MinMaxKeys = 1 << 10

	shardCount = 32
	// sampled is how many windows are looked at for each one that is added.
	sampled = 5
)

// Memory keeps the windows of one process. It has a bounded number of them:
// each new one makes it look at a few others, at random, and drop those that
// are idle; when it is full it forgets the least recently used of that sample
// (the approximation that Redis uses,
// https://redis.io/docs/latest/develop/reference/eviction/). Nothing runs in
// the background.
type Memory struct {
	clock func() time.Time
	start time.Time
	// perShard is how many windows a shard may hold.
	perShard  int
	decisions atomic.Uint64
	forgotten atomic.Uint64
	shards    [shardCount]shard
}

type shard struct {
	mu    sync.Mutex
	rings map[ID]*ring
	// now is the time of the latest decision, and of the next one if the clock
	// steps back.
	now time.Duration
	_   [40]byte // keeps neighbours' locks off one cache line
}

// MemoryOptions configure a [Memory]. The zero value selects the defaults.
type MemoryOptions struct {
	// MaxKeys bounds the number of windows; zero means [DefaultMaxKeys], and less
	// than [MinMaxKeys] is raised to it.
	MaxKeys int
	// Clock tells the time; nil means [time.Now].
	Clock func() time.Time
}

// NewMemory returns an empty store.
func NewMemory(options MemoryOptions) *Memory {
	if options.MaxKeys == 0 {
		options.MaxKeys = DefaultMaxKeys
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	m := &Memory{
		clock:    options.Clock,
		start:    options.Clock(),
		perShard: max(options.MaxKeys, MinMaxKeys) / shardCount,
	}
	for i := range m.shards {
		m.shards[i].rings = make(map[ID]*ring)
	}
	return m
}

// Decide implements [Store]. It never waits for anything but other decisions,
// and its only errors wrap [ErrInvalid].
func (m *Memory) Decide(_ context.Context, charges []Charge) (Verdict, error) {
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	d := decision{store: m}
	d.begin(charges)
	defer m.unlock(d.shards)

	verdict := Verdict{Allowed: true, States: make([]State, len(charges))}
	for i, c := range charges {
		if !d.fits(i, c) {
			verdict.States[i].Refused = true
			verdict.Allowed = verdict.Allowed && c.Limit.Shadow
		}
	}
	for i, c := range charges {
		if verdict.Allowed && !verdict.States[i].Refused {
			verdict.States[i].At = d.charge(i, c)
		}
		d.describe(i, c, &verdict.States[i])
	}
	return verdict, nil
}

// Settle implements [Store]. Its only errors wrap [ErrInvalid].
func (m *Memory) Settle(_ context.Context, settlements []Settlement) error {
	if err := validateSettlements(settlements); err != nil {
		return err
	}
	charges := make([]Charge, len(settlements))
	for i, s := range settlements {
		charges[i] = s.Charge
	}
	d := decision{store: m}
	d.begin(charges)
	defer m.unlock(d.shards)
	for i, s := range settlements {
		d.settle(i, s)
	}
	return nil
}

// mirror makes the charges that another store has made, whether or not there is
// room, and notes in their states when.
func (m *Memory) mirror(charges []Charge, states []State) {
	d := decision{store: m}
	d.begin(charges)
	defer m.unlock(d.shards)
	for i, c := range charges {
		if !states[i].At.IsZero() {
			states[i].mirrored = d.charge(i, c)
		}
	}
}

// Forget implements [Store]. It never fails.
func (m *Memory) Forget(_ context.Context, c Charge) error {
	id := IDOf(c)
	s := &m.shards[id.shard()]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rings, id)
	return nil
}

// keys returns the number of windows that the store holds.
func (m *Memory) keys() int {
	n := 0
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += len(m.shards[i].rings)
		m.shards[i].mu.Unlock()
	}
	return n
}

// Use is how much of a [Memory] is in use.
type Use struct {
	// Windows is how many it holds, some of which may be idle, and Bound how many
	// it may hold.
	Windows, Bound int
	// Forgotten is how many it dropped before they were idle, for want of room:
	// each of those began anew.
	Forgotten uint64
}

// Use returns how much is in use.
func (m *Memory) Use() Use {
	return Use{m.keys(), m.perShard * shardCount, m.forgotten.Load()}
}

// Close implements [Store]. There is nothing to release.
func (m *Memory) Close() error { return nil }

// decision is one step under the locks of all the shards that it touches.
type decision struct {
	store  *Memory
	number uint64
	shards uint32
	// Arrays, so that a decision stays on the stack.
	ids [MaxCharges]ID
	// rings are the charges' windows; nil for a key that has none yet.
	rings [MaxCharges]*ring
}

func (d *decision) begin(charges []Charge) {
	m := d.store
	d.number = m.decisions.Add(1)
	for i, c := range charges {
		d.ids[i] = IDOf(c)
		d.shards |= 1 << d.ids[i].shard()
	}
	m.lock(d.shards)
	now := m.clock().Sub(m.start)
	for i := range charges {
		s := d.shard(i)
		s.now = max(s.now, now)
		if r := s.rings[d.ids[i]]; r != nil {
			r.used = d.number
			r.advance(s.now)
			d.rings[i] = r
		}
	}
}

func (d *decision) shard(i int) *shard { return &d.store.shards[d.ids[i].shard()] }

func (d *decision) fits(i int, c Charge) bool {
	if c.Cost == 0 {
		return true
	}
	// Written as a difference, because a sum of huge costs would overflow.
	return c.Cost <= c.Limit.Rate-d.used(i)
}

func (d *decision) used(i int) int64 {
	if d.rings[i] == nil {
		return 0
	}
	return d.rings[i].total
}

// charge makes charge i and returns when.
func (d *decision) charge(i int, c Charge) time.Time {
	now := d.shard(i).now
	if c.Cost > 0 {
		d.need(i, c).charge(now, c.Cost)
	}
	return d.store.start.Add(now)
}

// settle corrects charge i.
func (d *decision) settle(i int, s Settlement) {
	units := s.difference()
	if units == 0 || units < 0 && d.rings[i] == nil {
		return
	}
	at := s.State.At.Sub(d.store.start)
	d.need(i, s.Charge).settle(d.shard(i).now, at, units)
}

// need returns the window of charge i, which is made if there is none.
func (d *decision) need(i int, c Charge) *ring {
	if d.rings[i] == nil {
		d.rings[i] = &ring{width: width(c.Limit.Window), used: d.number}
		d.add(i)
	}
	return d.rings[i]
}

func (d *decision) describe(i int, c Charge, s *State) {
	now := d.shard(i).now
	s.Limit = c.Limit
	s.Remaining = max(0, c.Limit.Rate-d.used(i))
	if r := d.rings[i]; r != nil {
		s.Reset = r.reset(now)
	}
	if !s.Refused {
		return
	}
	if c.Cost > c.Limit.Rate {
		s.Never = true
		return
	}
	s.RetryAfter = d.rings[i].wait(now, c.Cost-(c.Limit.Rate-d.used(i)))
}

// add keeps the new ring of charge i, after making room for it.
func (d *decision) add(i int) {
	s := d.shard(i)
	var victim ID
	var stalest *ring
	seen := 0
	for other, candidate := range s.rings {
		if seen++; seen > sampled {
			break
		}
		switch {
		case candidate.used == d.number:
			// It takes part in this decision.
		case candidate.idle(s.now):
			delete(s.rings, other)
		case stalest == nil || candidate.used < stalest.used:
			victim, stalest = other, candidate
		}
	}
	if len(s.rings) >= d.store.perShard && stalest != nil {
		delete(s.rings, victim)
		d.store.forgotten.Add(1)
	}
	s.rings[d.ids[i]] = d.rings[i]
}

func (id ID) shard() uint32 { return uint32(id[0]) % shardCount }

// lock takes the shards in ascending order, so that decisions never wait for
// each other in a circle.
func (m *Memory) lock(shards uint32) {
	for ; shards != 0; shards &= shards - 1 {
		m.shards[bits.TrailingZeros32(shards)].mu.Lock()
	}
}

func (m *Memory) unlock(shards uint32) {
	for ; shards != 0; shards &= shards - 1 {
		m.shards[bits.TrailingZeros32(shards)].mu.Unlock()
	}
}
