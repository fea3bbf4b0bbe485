package window

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MinLease and MaxLease bound a [Limit]'s Lease.
	MinLease = 10 * time.Millisecond
	MaxLease = 5 * time.Second
	// leaseDrift is by how much the clocks of a node and of the shared store may
	// differ over a lease.
	leaseDrift = 100 * time.Millisecond
	// maxLeases bounds how many keys have a lease at a time. Others are charged
	// one decision at a time.
	maxLeases = 1 << 12
)

// Leases is a [Shared] store in front of another. For limits that have a Lease
// it charges units in advance and then spends them without asking, so that a
// window that everybody uses costs few round trips.
//
// It never lets a window hold more than the rate. A unit that is spent at time
// t was charged at t - Lease at the earliest. So the shared store counts a
// window that is longer by a Lease, and by leaseDrift for clocks that differ:
// it holds the charges of all that was spent within a window. What that costs
// is a part of the rate, (Lease + leaseDrift) / (Window + Lease + leaseDrift),
// which a steady sender does not get.
//
// What is left of a lease when the next one begins is given back. What a node
// that dies has left stays charged until its window is over.
type Leases struct {
	Shared
	clock func() time.Time
	// nodes is how many share the store.
	nodes atomic.Int64
	work  sync.WaitGroup

	mu     sync.Mutex
	leases map[ID]*lease
}

// lease is what was charged in advance for one key. Before the first charge,
// and near the rate, it is nothing.
type lease struct {
	charge Charge // to the shared store
	state  State  // after that charge
	// began is before the charge was sent.
	began time.Time
	left  int64
	// renewing is closed when the charge that is under way was answered; nil if
	// none is. It is alone if it is only for the request that waits for it.
	renewing chan struct{}
	alone    bool
}

// NewLeases returns a store in front of the shared one, which it closes.
func NewLeases(shared Shared) *Leases {
	l := &Leases{Shared: shared, clock: time.Now, leases: make(map[ID]*lease)}
	l.nodes.Store(1)
	return l
}

// lease is for how long units are charged in advance: no longer than half of
// the window, and not at all where the window is the longest there is.
func (l *Limit) lease() time.Duration {
	lease := min(l.Lease, l.Window/2)
	if lease == 0 || l.Window+lease+leaseDrift > MaxWindow {
		return 0
	}
	return lease
}

// counted is the charge as it is made to the shared store.
func counted(c Charge) Charge {
	if lease := c.Limit.lease(); lease > 0 {
		c.Limit.added = lease + leaseDrift
		c.Limit.Window += c.Limit.added
		c.Limit.Lease = 0
	}
	return c
}

// Decide implements [Store].
func (l *Leases) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if !slices.ContainsFunc(charges, func(c Charge) bool { return c.Limit.lease() > 0 }) {
		return l.Shared.Decide(ctx, charges)
	}
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	d := &leaseDecision{
		leases: l, charges: charges, counted: make([]Charge, len(charges)),
		states: make([]State, len(charges)), taken: make([]*lease, len(charges)),
	}
	for i, c := range charges {
		d.counted[i] = counted(c)
	}
	asks := l.mustAsk(d)
	for i := range charges {
		if !fromLease(charges[i]) {
			d.ask(i, d.counted[i], nil)
			continue
		}
		if err := d.take(ctx, i, asks); err != nil {
			d.end(time.Time{}, Verdict{})
			return Verdict{}, err
		}
	}
	return d.decide(ctx)
}

// fromLease reports whether a charge may be made from a lease. One that reports
// a grant is none of those.
func fromLease(c Charge) bool {
	return c.Limit.lease() > 0 && c.Cost > 0 && !c.Limit.Shadow && !c.Limit.forced
}

// mustAsk reports whether the shared store will be asked in any case. Leases
// that are half over are then renewed with the others.
func (l *Leases) mustAsk(d *leaseDecision) bool {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, c := range d.charges {
		if !fromLease(c) {
			return true
		}
		if one := l.leases[IDOf(d.counted[i])]; one == nil || !one.has(c, now) {
			return true
		}
	}
	return false
}

// Settle implements [Store].
func (l *Leases) Settle(ctx context.Context, settlements []Settlement) error {
	counting := slices.Clone(settlements)
	for i := range counting {
		counting[i].Charge = counted(counting[i].Charge)
	}
	return l.Shared.Settle(ctx, counting)
}

// Forget implements [Store].
func (l *Leases) Forget(ctx context.Context, c Charge) error {
	c = counted(c)
	l.mu.Lock()
	delete(l.leases, IDOf(c))
	l.mu.Unlock()
	return l.Shared.Forget(ctx, c)
}

// Join implements [Shared].
func (l *Leases) Join(ctx context.Context, node string, lifetime time.Duration) (int, error) {
	n, err := l.Shared.Join(ctx, node, lifetime)
	if err == nil {
		l.nodes.Store(int64(max(1, n)))
	}
	return n, err
}

// Close implements [Store].
func (l *Leases) Close() error {
	l.work.Wait()
	return l.Shared.Close()
}

// of returns the lease of a window, or nil if there are too many.
func (l *Leases) of(c Charge, now time.Time) *lease {
	id := IDOf(c)
	if one := l.leases[id]; one != nil {
		return one
	}
	for other, old := range l.leases {
		if old.renewing == nil && now.Sub(old.began) > MaxLease {
			delete(l.leases, other)
		}
		break // One look for each that is added is enough.
	}
	if len(l.leases) >= maxLeases {
		return nil
	}
	one := new(lease)
	l.leases[id] = one
	return one
}

// wants returns how many units the next charge should be for: what is used in
// the time of a lease, but no more than this node's half of what there is to be
// had, and not many times more than before.
func (l *Leases) wants(one *lease, c Charge, now time.Time) int64 {
	const growth = 4
	used := one.charge.Cost - one.left + c.Cost
	elapsed := max(now.Sub(one.began), time.Millisecond)
	pace := float64(used) * float64(c.Limit.lease()) / float64(elapsed)
	most := min(growth*max(one.charge.Cost, c.Cost), one.state.Remaining/(2*l.nodes.Load()))
	return max(c.Cost, min(int64(min(pace, float64(MaxRate))), most))
}

// has reports whether a cost can be spent from the lease.
func (one *lease) has(c Charge, now time.Time) bool {
	return one.left >= c.Cost && now.Sub(one.began) < c.Limit.lease()
}

// spend takes a cost from the lease, which has it.
func (one *lease) spend(c Charge, now time.Time) State {
	one.left -= c.Cost
	return State{
		Limit: c.Limit, At: one.state.At,
		Remaining: max(0, one.state.Remaining+one.left), Reset: max(0, one.state.Reset-now.Sub(one.began)),
	}
}

// leaseDecision is one decision, of which leases have made some charges.
type leaseDecision struct {
	leases  *Leases
	charges []Charge
	counted []Charge
	states  []State
	// taken are the leases that made a charge; nil for those that did not.
	taken []*lease
	// asked are the charges to the shared store: each is that of the decision with
	// the index in of. One that renews a lease may be for more than its request.
	asked  []Charge
	of     []int
	renews []*lease
}

func (d *leaseDecision) ask(i int, c Charge, renews *lease) {
	d.asked, d.of, d.renews = append(d.asked, c), append(d.of, i), append(d.renews, renews)
}

// take makes the charge i from its lease. If that has too little left, or is
// half over and the decision asks anyway, the decision renews it, or waits once
// for the one that does already.
func (d *leaseDecision) take(ctx context.Context, i int, asks bool) error {
	l, c, whole := d.leases, d.charges[i], d.counted[i]
	l.mu.Lock()
	defer l.mu.Unlock()
	for waited := false; ; waited = true {
		now := l.clock()
		one := l.of(whole, now)
		if one == nil {
			d.ask(i, whole, nil)
			return nil
		}
		early := asks && one.renewing == nil && now.Sub(one.began) > c.Limit.lease()/2
		switch {
		case one.has(c, now) && !early:
			d.taken[i], d.states[i] = one, one.spend(c, now)
			return nil
		case one.renewing == nil:
			whole.Cost = l.wants(one, c, now)
			one.renewing, one.alone = make(chan struct{}), whole.Cost == c.Cost
			d.ask(i, whole, one)
			return nil
		case one.alone || waited:
			d.ask(i, whole, nil)
			return nil
		}
		if err := l.wait(ctx, one.renewing); err != nil {
			return err
		}
	}
}

// wait waits without the lock.
func (l *Leases) wait(ctx context.Context, renewing chan struct{}) error {
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-renewing:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// decide has the shared store make the charges that leases have not.
func (d *leaseDecision) decide(ctx context.Context) (Verdict, error) {
	verdict := Verdict{Allowed: true}
	sent := d.leases.clock()
	if len(d.asked) > 0 {
		var err error
		verdict, err = d.leases.Shared.Decide(ctx, d.asked)
		if err == nil && !verdict.Allowed && d.askLess() {
			sent = d.leases.clock()
			verdict, err = d.leases.Shared.Decide(ctx, d.asked)
		}
		if err != nil {
			d.end(sent, Verdict{})
			return Verdict{}, err
		}
	}
	d.end(sent, verdict)
	verdict.States = d.states
	return verdict, nil
}

// askLess asks for nothing in advance, and reports whether that is less than
// before.
func (d *leaseDecision) askLess() (less bool) {
	for j, i := range d.of {
		less = less || d.asked[j].Cost > d.charges[i].Cost
		d.asked[j].Cost = d.charges[i].Cost
	}
	return less
}

// end gives back what was taken if the decision was not to make its charges,
// and tells those who wait for a lease.
func (d *leaseDecision) end(sent time.Time, verdict Verdict) {
	l := d.leases
	l.mu.Lock()
	defer l.mu.Unlock()
	var back []Settlement
	for j, one := range d.renews {
		i := d.of[j]
		if verdict.States != nil {
			d.states[i] = verdict.States[j]
			d.states[i].Limit = d.charges[i].Limit
		}
		if one == nil {
			continue
		}
		if verdict.Allowed {
			back = append(back, one.renew(d.asked[j], d.charges[i], verdict.States[j], sent)...)
			d.states[i].Remaining += one.left
		}
		close(one.renewing)
		one.renewing = nil
	}
	if len(back) > 0 {
		// If it fails, it stays charged.
		l.work.Go(func() { _ = l.Shared.Settle(context.Background(), back) })
	}
	if verdict.Allowed {
		return
	}
	for i, one := range d.taken {
		if one != nil && one.state.At.Equal(d.states[i].At) {
			one.left += d.charges[i].Cost
			d.states[i].Remaining += d.charges[i].Cost
		}
		if one != nil {
			d.states[i].At = time.Time{} // It was not made.
		}
	}
}

// renew begins a lease with what was charged beyond the request, and returns
// what gives back what is left of the one before.
func (one *lease) renew(whole, request Charge, state State, sent time.Time) []Settlement {
	var back []Settlement
	if one.left > 0 {
		back = []Settlement{{Charge: one.charge, State: one.state, Cost: one.charge.Cost - one.left}}
	}
	one.charge, one.state, one.began, one.left = whole, state, sent, whole.Cost-request.Cost
	return back
}
