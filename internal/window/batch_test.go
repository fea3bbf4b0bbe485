package window

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/redistest"
)

// roundTrips counts what a client sends.
type roundTrips struct {
	n atomic.Int64
	// gate, where there is one, holds every round trip until it is closed.
	gate chan struct{}
}

// trip sees a command, or the first of several. Those with which a connection
// begins do not count.
func (h *roundTrips) trip(cmd redis.Cmder) {
	if cmd.Name() != "evalsha" {
		return
	}
	h.n.Add(1)
	if h.gate != nil {
		<-h.gate
	}
}

func (h *roundTrips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *roundTrips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.trip(cmd)
		return next(ctx, cmd)
	}
}

func (h *roundTrips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.trip(cmds[0])
		return next(ctx, cmds)
	}
}

// gated returns a store whose round trips are all held until release is called.
func gated(t *testing.T) (store *Redis, hook *roundTrips, release func()) {
	t.Helper()
	client := redistest.Start(t).Client()
	store = newRedis(t, client)
	decide(t, store, Charge{perMinute("warm-up", 1), "k", 1})
	hook = &roundTrips{gate: make(chan struct{})}
	client.AddHook(hook)
	release = sync.OnceFunc(func() { close(hook.gate) })
	t.Cleanup(release)
	return store, hook, release
}

func (b *batcher) queue() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

func TestRedisSharesRoundTripsBetweenDecisionsMadeAtTheSameTime(t *testing.T) {
	store, hook, release := gated(t)
	const callers = maxSending + maxBatch + 10
	limit := perMinute("l", 100)
	var granted atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			own := perMinute("own", 1)
			v, err := store.Decide(t.Context(), []Charge{{own, fmt.Sprint(i), 1}, {limit, "all", 1}})
			if err != nil {
				t.Error(err)
				return
			}
			if v.States[0].Refused {
				t.Error("a caller got another's answer")
			}
			if v.Allowed {
				granted.Add(1)
			}
		})
	}
	eventually(t, func() bool { return store.batcher.queue() == callers-maxSending })
	release()
	all.Wait()
	if n := granted.Load(); n != 100 {
		t.Errorf("%d of 100 granted", n)
	}
	if n := hook.n.Load(); n != maxSending+2 {
		t.Errorf("%d decisions took %d round trips, want %d and then two batches", callers, n, maxSending)
	}
	if store.batcher.sending != 0 {
		t.Errorf("%d round trips never ended", store.batcher.sending)
	}
}

func TestRedisCallerThatWaitsLeavesWhenItsContextEnds(t *testing.T) {
	store, _, release := gated(t)
	charge := func(key string) []Charge { return []Charge{{perMinute("l", 100), key, 1}} }
	var leaders sync.WaitGroup
	for i := range maxSending {
		leaders.Go(func() {
			if _, err := store.Decide(t.Context(), charge(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, func() bool {
		store.batcher.mu.Lock()
		defer store.batcher.mu.Unlock()
		return store.batcher.sending == maxSending
	})

	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := store.Decide(ctx, charge("gone"))
		left <- err
	}()
	eventually(t, func() bool { return store.batcher.queue() == 1 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if n := store.batcher.queue(); n != 0 {
		t.Errorf("%d still in the queue", n)
	}
	release()
	leaders.Wait()
	if v := decide(t, store, charge("gone")[0]); v.States[0].Remaining != 99 {
		t.Errorf("a caller that left before its turn was charged: %+v", v)
	}
}

func TestALeaderThatLeftIsReplaced(t *testing.T) {
	client := redistest.Start(t).Client()
	b := &batcher{client: client, sending: 1}
	newCommand := func() *command {
		return &command{cmd: oneShot{redis.NewCmd(t.Context(), "ping")}, done: make(chan struct{}), lead: make(chan []*command, 1)}
	}
	// The leader of the next batch no longer waits; its follower does.
	gone, other := newCommand(), newCommand()
	b.waiting = []*command{gone, other}
	b.finish(nil)
	b.leave(gone)
	select {
	case <-other.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the other caller waits forever")
	}
	if text, err := other.cmd.Text(); err != nil || text != "PONG" {
		t.Errorf("answer %q, %v", text, err)
	}
	eventually(t, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.sending == 0 })
}
