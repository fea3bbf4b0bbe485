package window

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// DefaultDeadline is how long a decision waits for the shared store.
	DefaultDeadline = 50 * time.Millisecond
	// DefaultRetry is the longest time between two attempts to reach a shared
	// store that is gone.
	DefaultRetry = 500 * time.Millisecond

	// firstRetry is the time between the first two attempts; it doubles.
	firstRetry = 10 * time.Millisecond
)

// Shared is a [Store] that several processes share, and that may be gone.
type Shared interface {
	Store
	// Connect prepares the store for decisions and makes one, of no consequence,
	// to see that it can. It takes a few seconds at most.
	Connect(ctx context.Context) error
	// Join says that a node shares the store, for so long, and returns how many
	// do.
	Join(ctx context.Context, node string, lifetime time.Duration) (nodes int, err error)
	// Eval runs a script beside the windows: see [Redis.Eval].
	Eval(ctx context.Context, script Script, keys []string, arguments ...any) ([]int64, error)
}

// Failover decides in a shared store and, while that is gone, does what each
// limit's [OnError] says. The first failure makes it leave the store alone. No
// decision waits for the store from then on: in the background, Failover tries
// to reach it again, at once and then less and less often.
//
// What the shared store grants is also recorded in the local one. So a node
// that loses the shared store goes on from its own usage instead of handing
// out a fresh quota, and is held to its share: the rate ÷ nodes. The nodes tell
// each other by the shared store that they are there. When the store is back, a
// node first charges to it what it has granted by itself.
//
// So with n nodes, and a rate that is no less than n, a window in which the
// store is lost or comes back holds at most 2 - 1/n times the rate, if the
// store has kept its data: all of it granted to one node before the loss, and
// then the shares of the others. Other windows hold no more than the rate.
type Failover struct {
	shared  Shared
	local   *Memory
	options FailoverOptions
	// id is this node's among the nodes that share the store.
	id string
	// nodes is how many there were at the latest count, or more.
	nodes atomic.Int64
	// unreported is what this node has granted by itself.
	unreported unreported

	// up says that decisions are made in the shared store, and returns counts how
	// often that began.
	up      atomic.Bool
	returns atomic.Int64
	// tried is closed after the first attempt to connect.
	tried chan struct{}
	// failure is why the shared store failed last.
	failure atomic.Pointer[error]

	background context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup
}

// FailoverOptions configure a [Failover]. The zero value is right for one node.
type FailoverOptions struct {
	// Nodes is how many processes share the store at least, and divide the rate
	// while it is gone. Those that have used it lately count too. Zero means 1.
	Nodes int
	// Deadline is how long the first decisions wait for the shared store to be
	// reached; zero means [DefaultDeadline]. Later ones do not wait for that, and
	// the shared store has a deadline of its own.
	Deadline time.Duration
	// Retry is the longest time between two attempts to reach a shared store that
	// is gone, give or take a quarter, so that nodes do not come back in step.
	// Zero means [DefaultRetry].
	Retry time.Duration
	// OnError is called for each failure of the shared store, but not for
	// decisions that were not asked of it. It must not block.
	OnError func(error)
	// OnChange is called when the shared store is left alone, with the reason, and
	// with nil when it is back. It must neither block nor call the store.
	OnChange func(error)
}

// NewFailover returns a store that owns both given ones and closes them. It
// begins to connect at once.
func NewFailover(shared Shared, local *Memory, options FailoverOptions) *Failover {
	options.Deadline = cmp.Or(options.Deadline, DefaultDeadline)
	options.Retry = cmp.Or(options.Retry, DefaultRetry)
	f := &Failover{
		shared:  shared,
		local:   local,
		options: options,
		id:      rand.Text(),
		tried:   make(chan struct{}),
	}
	f.nodes.Store(int64(max(1, options.Nodes)))
	f.background, f.stop = context.WithCancel(context.Background())
	f.work.Go(f.stay)
	f.work.Go(func() {
		err := f.connect()
		close(f.tried)
		if err != nil && f.background.Err() == nil {
			f.tell(err)
			f.comeBack()
		}
	})
	return f
}

// Decide implements [Store]. When the shared store fails, charges with [Local]
// are decided together in this process, those with [Allow] are granted, and
// one with [Deny] makes the whole decision fail with [ErrUnavailable].
func (f *Failover) Decide(ctx context.Context, charges []Charge) (Verdict, error) {
	if err := f.reach(ctx); err != nil {
		if ctx.Err() != nil {
			return Verdict{}, ctx.Err()
		}
		return f.degrade(charges, err)
	}
	verdict, err := f.ask(ctx, charges)
	switch {
	case err == nil:
		f.local.mirror(charges, verdict.States)
		return verdict, nil
	case errors.Is(err, ErrInvalid), ctx.Err() != nil:
		return Verdict{}, err
	}
	if f.options.OnError != nil {
		f.options.OnError(err)
	}
	return f.degrade(charges, err)
}

// Settle implements [Store]. Each charge is corrected where it was made, and in
// the local store. While the shared store is gone, what was charged there stays
// as it is.
func (f *Failover) Settle(ctx context.Context, settlements []Settlement) error {
	var shared []Settlement
	local := slices.Clone(settlements)
	for i, s := range settlements {
		if !s.State.Degraded {
			shared = append(shared, s)
			local[i].State.At = s.State.mirrored
		}
	}
	if err := f.local.Settle(ctx, local); err != nil {
		return err
	}
	for _, s := range settlements {
		if s.State.Degraded {
			f.unreported.settle(s)
		}
	}
	if len(shared) == 0 {
		return nil
	}
	if err := f.reach(ctx); err != nil {
		return err
	}
	err := f.judge(ctx, f.shared.Settle(ctx, shared))
	if err != nil && ctx.Err() == nil && f.options.OnError != nil {
		f.options.OnError(err)
	}
	return err
}

// Degraded reports whether the shared store is left alone. Only decisions show
// that it is gone; without them, use [Failover.Probe].
func (f *Failover) Degraded() bool { return !f.up.Load() }

// Probe makes a decision in the shared store that charges a window of its own.
// It returns nil if the store decided, and otherwise why it did not, or why it
// is left alone. OnError is not called.
//
// A server that answers may still refuse what a decision needs: it may have
// become a replica, it may be full, or the cluster node with the windows may be
// gone.
func (f *Failover) Probe(ctx context.Context) error {
	if err := f.reach(ctx); err != nil {
		return err
	}
	_, err := f.ask(ctx, probeCharge())
	return err
}

// probeCharge always fits, so that the store has to write it down.
func probeCharge() []Charge {
	return []Charge{{Limit: Limit{Name: "probe", Rate: MaxRate, Window: MinWindow}, Key: "probe", Cost: 1}}
}

// Forget implements [Store]. This node forgets even if the shared store cannot
// be told.
func (f *Failover) Forget(ctx context.Context, c Charge) error {
	f.unreported.forget(c)
	err := f.local.Forget(ctx, c)
	if unreached := f.reach(ctx); unreached != nil {
		return errors.Join(err, unreached)
	}
	return errors.Join(err, f.shared.Forget(ctx, c))
}

// Use returns how much the local store keeps.
func (f *Failover) Use() map[string]Use { return f.local.Use() }

// Close implements [Store].
func (f *Failover) Close() error {
	f.stop()
	f.work.Wait()
	return errors.Join(f.shared.Close(), f.local.Close())
}

var errNotYet = errors.New("the limit store was not reached yet")

// reach returns nil if the shared store may be asked, and otherwise why not. At
// the start it waits a little.
func (f *Failover) reach(ctx context.Context) error {
	if f.up.Load() {
		return nil
	}
	select {
	case <-f.tried:
	default:
		ctx, cancel := context.WithTimeout(ctx, f.options.Deadline)
		defer cancel()
		select {
		case <-f.tried:
		case <-ctx.Done():
			return errNotYet
		}
	}
	if f.up.Load() {
		return nil
	}
	if cause := f.failure.Load(); cause != nil {
		return *cause
	}
	return errNotYet
}

// ask asks the shared store, and gives it up if it failed.
func (f *Failover) ask(ctx context.Context, charges []Charge) (Verdict, error) {
	verdict, err := f.shared.Decide(ctx, charges)
	return verdict, f.judge(ctx, err)
}

// judge returns the error of the shared store, and gives the store up if that
// is to blame.
func (f *Failover) judge(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrInvalid) || ctx.Err() != nil {
		return err
	}
	f.blame(err)
	return err
}

// blame gives the shared store up if the error says that it is gone.
func (f *Failover) blame(err error) {
	f.failure.Store(&err)
	if lost(err) && f.up.CompareAndSwap(true, false) {
		f.tell(err)
		f.work.Go(f.comeBack)
	}
}

// lost reports whether an error says something of the store, and not only of
// the windows that were asked for or of one connection.
func lost(err error) bool {
	return !errors.Is(err, errOneLane) && !redis.HasErrorPrefix(err, "WRONGTYPE") && !redis.HasErrorPrefix(err, "TRYAGAIN")
}

func (f *Failover) tell(err error) {
	if f.options.OnChange != nil {
		f.options.OnChange(err)
	}
}

// comeBack tries to reach the shared store until it is back.
func (f *Failover) comeBack() {
	for pause := firstRetry; f.connect() != nil; pause = min(2*pause, f.options.Retry) {
		select {
		case <-f.background.Done():
			return
		case <-time.After(pause*3/4 + mathrand.N(pause/2+1)): //nolint:gosec // jitter needs no secrecy
		}
	}
	f.tell(nil)
}

// maxReports is how often a node reports what it has granted while it goes on
// to grant, before it stops that for a last report.
const maxReports = 10

// connect makes the shared store ready and uses it from then on.
func (f *Failover) connect() error {
	err := f.shared.Connect(f.background)
	if err == nil {
		err = f.join()
	}
	for pass := 0; err == nil && pass < maxReports && f.unreported.many(); pass++ {
		err = f.unreported.report(f.background, f.shared)
	}
	if err != nil {
		f.failure.Store(&err)
		return err
	}
	// What was granted meanwhile; nothing is granted now, so it must be little.
	f.unreported.mu.Lock()
	defer f.unreported.mu.Unlock()
	if err := f.unreported.report(f.background, f.shared); err != nil {
		f.failure.Store(&err)
		return err
	}
	f.returns.Add(1)
	f.up.Store(true)
	return nil
}

const (
	// stayEvery is how often a node tells others that it is there, and stayFor how
	// long it then counts.
	stayEvery = time.Second
	stayFor   = 20 * stayEvery
)

// stay counts the nodes now and then, while the shared store is there, and
// reports what was granted without it when a single connection failed.
func (f *Failover) stay() {
	ticker := time.NewTicker(stayEvery)
	defer ticker.Stop()
	for {
		select {
		case <-f.background.Done():
			return
		case <-ticker.C:
			if !f.up.Load() {
				continue
			}
			// If one fails, a decision will show whether the store is gone.
			_ = errors.Join(f.join(), f.unreported.report(f.background, f.shared))
		}
	}
}

func (f *Failover) join() error {
	n, err := f.shared.Join(f.background, f.id, stayFor)
	if err == nil {
		f.nodes.Store(int64(max(1, n, f.options.Nodes)))
	}
	return err
}

func (f *Failover) degrade(charges []Charge, cause error) (Verdict, error) {
	if err := validate(charges); err != nil {
		return Verdict{}, err
	}
	var local, whole []Charge
	for _, c := range charges {
		switch {
		case c.Limit.OnError == Deny && !c.Limit.Shadow:
			return Verdict{}, fmt.Errorf("%w: limit %q: %w", ErrUnavailable, c.Limit.Name, cause)
		case c.Limit.OnError == Local:
			local, whole = append(local, f.share(c)), append(whole, c)
		}
	}
	f.unreported.mu.RLock()
	defer f.unreported.mu.RUnlock()
	decided := f.local.decide(local)
	for i, c := range whole {
		if at := decided.States[i].At; !at.IsZero() {
			f.unreported.add(c, at)
		}
	}
	return merge(charges, decided), nil
}

// share is the charge against this node's part of the rate and burst.
func (f *Failover) share(c Charge) Charge {
	c.Limit.Rate = f.Share(c.Limit.Rate)
	if c.Limit.Burst > 0 {
		c.Limit.Burst = f.Share(c.Limit.Burst)
	}
	return c
}

// unknownReturn is the wait for a cost that fits the limit, but not a node's
// share of it: it is unknown when the shared store will be back.
const unknownReturn = time.Minute

// merge puts the local states back between those of the charges that were let
// through.
func merge(charges []Charge, local Verdict) Verdict {
	verdict := Verdict{Allowed: local.Allowed, States: make([]State, len(charges))}
	next := 0
	for i, c := range charges {
		state := State{Limit: c.Limit, Lifted: true}
		if c.Limit.OnError == Local {
			state = local.States[next]
			next++
		}
		if state.Never && c.Cost <= c.Limit.Capacity() {
			state.Never, state.RetryAfter = false, min(c.Limit.Window, unknownReturn)
		}
		state.Degraded = true
		verdict.States[i] = state
	}
	return verdict
}
