package window

import (
	"cmp"
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultMaxKeys is how many keys a [Memory] keeps for a limit unless told
	// otherwise: some 30 MB when most keys are seen now and then, 300 MB at the
	// very worst.
	DefaultMaxKeys = 1 << 18
	// MinMaxKeys is the smallest bound on keys.
	MinMaxKeys = 1 << 10

	shardCount = 32
	// sampled is how many keys are looked at for each one that is added.
	sampled = 5
)

// Memory keeps the usage of one process, a bounded number of keys for each
// limit. Each new key makes it look at a few others of the limit, at random,
// and drop those that are idle. When a limit has too many, Memory forgets the
// one of that sample that has used least, and of those the one that was used
// least recently (after the approximation that Redis uses,
// https://redis.io/docs/latest/develop/reference/eviction/). So a key at its
// limit outlives a flood of others. Nothing runs in the background.
type Memory struct {
	clock     func() time.Time
	start     time.Time
	maxKeys   int
	decisions atomic.Uint64
	shards    [shardCount]shard
}

// shard is a part of all keys.
type shard struct {
	mu     sync.Mutex
	tables map[family]*table
	// now is the time of the latest decision, and of the next one if the clock
	// steps back.
	now time.Duration
	_   [40]byte // keeps neighbours' locks off one cache line
}

// table is a shard's part of the keys of a limit, or of some that share them.
type table struct {
	usages map[ID]usage
	// most is how many there may be.
	most int
	// forgotten is how many were dropped that were not idle.
	forgotten uint64
}

// MemoryOptions configure a [Memory]. The zero value selects the defaults.
type MemoryOptions struct {
	// MaxKeys bounds the keys of each limit that has no bound of its own; zero
	// means [DefaultMaxKeys], and less than [MinMaxKeys] is raised to it.
	MaxKeys int
	// Clock tells the time; nil means [time.Now].
	Clock func() time.Time
}

// NewMemory returns an empty store.
func NewMemory(options MemoryOptions) *Memory {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	m := &Memory{
		clock:   options.Clock,
		start:   options.Clock(),
		maxKeys: cmp.Or(options.MaxKeys, DefaultMaxKeys),
	}
	for i := range m.shards {
		m.shards[i].tables = make(map[family]*table)
	}
	return m
}

// Decide implements [Store]. It never waits for anything but other decisions,
// and its only errors wrap [ErrInvalid].
func (m *Memory) Decide(_ context.Context, charges []Charge) (Verdict, error) {
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	return m.decide(charges), nil
}

// decide decides charges that make sense.
func (m *Memory) decide(charges []Charge) Verdict {
	d := decision{store: m}
	d.begin(charges)
	defer m.unlock(d.shards)

	verdict := Verdict{Allowed: true, States: make([]State, len(charges))}
	for i := range charges {
		if !d.fits(i, &charges[i]) {
			verdict.States[i].Refused = true
			verdict.Allowed = verdict.Allowed && charges[i].Limit.Shadow
		}
	}
	for i := range charges {
		if verdict.Allowed && !verdict.States[i].Refused {
			verdict.States[i].At = d.charge(i, &charges[i])
		}
		d.describe(i, &charges[i], &verdict.States[i])
	}
	return verdict
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
	for i := range settlements {
		d.settle(i, &settlements[i])
	}
	return nil
}

// mirror makes the charges that another store has made, whether or not there is
// room, and notes in their states when.
func (m *Memory) mirror(charges []Charge, states []State) {
	d := decision{store: m}
	d.begin(charges)
	defer m.unlock(d.shards)
	for i := range charges {
		if c := &charges[i]; !states[i].At.IsZero() {
			states[i].mirrored = d.charge(i, c)
			d.note(i, &c.Limit)
		}
	}
}

// Forget implements [Store]. It never fails.
func (m *Memory) Forget(_ context.Context, c Charge) error {
	id := IDOf(c)
	s := &m.shards[id.shard()]
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[c.Limit.family()]; t != nil {
		delete(t.usages, id)
	}
	return nil
}

// Use is how much a [Memory] keeps for the limits of one name.
type Use struct {
	// Keys is how many it holds, some of which may be idle, and Bound how many it
	// may hold for one of the limits.
	Keys, Bound int
	// Forgotten is how many it dropped before they were idle, for want of room:
	// each of those began anew.
	Forgotten uint64
}

// Use returns how much is in use, by the names of the limits.
func (m *Memory) Use() map[string]Use {
	use := make(map[string]Use)
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for family, t := range s.tables {
			u := use[family.name]
			use[family.name] = Use{u.Keys + len(t.usages), max(u.Bound, t.most*shardCount), u.Forgotten + t.forgotten}
		}
		s.mu.Unlock()
	}
	return use
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
	// usages are what the charges' keys have used; nil for a key that has none.
	usages [MaxCharges]usage
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
		t := s.tables[charges[i].Limit.family()]
		if t == nil {
			continue
		}
		if u := t.usages[d.ids[i]]; u != nil {
			u.lookedAt().decision = d.number
			u.advance(s.now)
			d.usages[i] = u
		}
	}
}

func (d *decision) shard(i int) *shard { return &d.store.shards[d.ids[i].shard()] }

func (d *decision) fits(i int, c *Charge) bool {
	return c.Cost == 0 || c.Cost <= d.room(i, &c.Limit) || c.Limit.forced
}

func (d *decision) room(i int, l *Limit) int64 {
	if d.usages[i] == nil {
		return l.Capacity()
	}
	return d.usages[i].room(d.shard(i).now, l)
}

// charge makes charge i and returns when.
func (d *decision) charge(i int, c *Charge) time.Time {
	now := d.shard(i).now
	if c.Cost > 0 {
		d.need(i, &c.Limit).charge(now, &c.Limit, c.Cost)
	}
	return d.store.start.Add(now)
}

// settle corrects charge i.
func (d *decision) settle(i int, s *Settlement) {
	units := s.difference()
	if units == 0 || units < 0 && d.usages[i] == nil {
		return
	}
	at := s.State.At.Sub(d.store.start)
	d.need(i, &s.Charge.Limit).settle(d.shard(i).now, at, &s.State.Limit, s.Charge.Cost, s.cost())
	d.note(i, &s.State.Limit)
}

// note notes how much the key of charge i has used, and returns what is left.
func (d *decision) note(i int, l *Limit) int64 {
	room := d.room(i, l)
	if u := d.usages[i]; u != nil {
		u.lookedAt().note(room, l.Capacity())
	}
	return room
}

func (d *decision) describe(i int, c *Charge, s *State) {
	now := d.shard(i).now
	s.Limit = c.Limit
	s.Remaining = d.note(i, &c.Limit)
	s.Never = s.Refused && c.Cost > c.Limit.Capacity()
	u := d.usages[i]
	if u == nil {
		return
	}
	s.Reset = u.reset(now, &c.Limit)
	if s.Refused && !s.Never {
		s.RetryAfter = u.wait(now, &c.Limit, c.Cost)
	}
}

// need returns what the key of charge i has used, which is kept from now on.
func (d *decision) need(i int, l *Limit) usage {
	if d.usages[i] == nil {
		d.usages[i] = l.newUsage()
		d.usages[i].lookedAt().decision = d.number
		d.add(i, l)
	}
	return d.usages[i]
}

// add keeps the new usage of charge i, after making room for it.
func (d *decision) add(i int, l *Limit) {
	s := d.shard(i)
	t := s.tables[l.family()]
	if t == nil {
		t = &table{usages: make(map[ID]usage)}
		s.tables[l.family()] = t
	}
	t.most = max(cmp.Or(l.MaxKeys, d.store.maxKeys), MinMaxKeys) / shardCount
	for again := true; again; {
		again = t.tidy(s.now, d.number)
	}
	t.usages[d.ids[i]] = d.usages[i]
	s.tidyAnother(t, d.number)
}

// tidyAnother drops what is idle of another limit, which may not be used any
// more.
func (s *shard) tidyAnother(than *table, decision uint64) {
	for family, t := range s.tables {
		if t == than {
			continue
		}
		t.tidy(s.now, decision)
		if len(t.usages) == 0 {
			delete(s.tables, family)
		}
		return
	}
}

// tidy drops what is idle of a few keys and, if there is no room for another,
// the one that is worth least. It reports whether there is still no room, but
// keys that may be dropped: the bound was lowered.
func (t *table) tidy(now time.Duration, decision uint64) (again bool) {
	var victim ID
	var least *look
	seen := 0
	for id, u := range t.usages {
		if seen++; seen > sampled {
			break
		}
		switch l := u.lookedAt(); {
		case l.decision == decision:
			// It takes part in this decision.
		case u.idle(now):
			delete(t.usages, id)
		case least == nil || least.worthMoreThan(l):
			victim, least = id, l
		}
	}
	if least == nil || len(t.usages) < t.most {
		return false
	}
	delete(t.usages, victim)
	t.forgotten++
	return len(t.usages) >= t.most
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
