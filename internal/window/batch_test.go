package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
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
	hook = &roundTrips{gate: make(chan struct{})}
	client.AddHook(hook)
	release = sync.OnceFunc(func() { close(hook.gate) })
	store = newRedis(t, client)
	t.Cleanup(release)
	return store, hook, release
}

// queue returns how many commands wait, and how many round trips are under way.
func (b *batcher) queue() (waiting, sending int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), b.sending
}

func TestDecisionsMadeAtTheSameTimeShareRoundTrips(t *testing.T) {
	store, hook, release := gated(t)
	const callers = 300
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
	eventually.True(t, "enough round trips are made", func() bool { return hook.n.Load() >= callers/maxBatch })
	release()
	all.Wait()
	if n := granted.Load(); n != 100 {
		t.Errorf("%d of 100 granted", n)
	}
	if n := hook.n.Load(); n > callers/2 {
		t.Errorf("%d decisions took %d round trips", callers, n)
	}
	eventually.True(t, "nothing is under way", func() bool { _, sending := store.batcher.queue(); return sending == 0 })
}

func TestADecisionDoesNotWaitForTheRoundTripsOfOthers(t *testing.T) {
	store, hook, release := gated(t)
	var all sync.WaitGroup
	// None of these is answered, and yet all are sent.
	for i := range int64(3 * maxSending) {
		all.Go(func() {
			if _, err := store.Decide(t.Context(), []Charge{{perMinute("l", 100), "k", 1}}); err != nil {
				t.Error(err)
			}
		})
		eventually.True(t, "the batch is sent", func() bool { waiting, _ := store.batcher.queue(); return hook.n.Load() == i+1 && waiting == 0 })
	}
	release()
	all.Wait()
}

func TestACallerThatWaitsLeavesWhenItsContextEnds(t *testing.T) {
	client := redistest.Start(t).Client()
	store := newRedis(t, client)
	// No lane is ever opened.
	opening := make(chan struct{})
	store.batcher.open = func(context.Context) (*lane, error) {
		<-opening
		return nil, errors.New("no lane today")
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := store.Decide(ctx, []Charge{{perMinute("l", 100), "gone", 1}})
		left <- err
	}()
	eventually.True(t, "one waits", func() bool { waiting, _ := store.batcher.queue(); return waiting == 1 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if waiting, _ := store.batcher.queue(); waiting != 0 {
		t.Errorf("%d still in the queue", waiting)
	}
	close(opening)
}

func TestACallerThatWaitsLearnsWhyThereIsNoConnection(t *testing.T) {
	server := redistest.Start(t)
	store := newRedis(t, server.Client())
	server.Kill()
	if _, err := store.Decide(t.Context(), []Charge{{perMinute("l", 1), "k", 1}}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v, want what was wrong with the connection", err)
	}
}

func TestACallerWaitsForAConnectionOnlySoLong(t *testing.T) {
	store, err := NewRedis(redistest.Start(t).Client(), RedisOptions{Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	opening := make(chan struct{})
	store.batcher.open = func(context.Context) (*lane, error) {
		<-opening
		return nil, errors.New("no lane today")
	}
	if _, err := store.Decide(t.Context(), []Charge{{perMinute("l", 1), "k", 1}}); !errors.Is(err, errNoLane) {
		t.Errorf("error %v, want %v", err, errNoLane)
	}
	close(opening)
	_ = store.Close()
}

func TestALaneThatHadItsTimeIsReplaced(t *testing.T) {
	store := newRedis(t, redistest.Start(t).Client())
	charge := Charge{perMinute("l", 1000), "k", 1}
	decide(t, store, charge)
	lanes := func() (idle []*lane) {
		store.batcher.mu.Lock()
		defer store.batcher.mu.Unlock()
		return slices.Clone(store.batcher.idle)
	}
	eventually.True(t, "the least number of lanes is open", func() bool { return len(lanes()) == minLanes })
	old := lanes()
	store.batcher.mu.Lock()
	for _, l := range old {
		l.until = time.Now()
	}
	store.batcher.mu.Unlock()
	eventually.True(t, "all lanes are new", func() bool {
		decide(t, store, charge)
		now := lanes()
		return len(now) == minLanes && !slices.ContainsFunc(now, func(l *lane) bool { return slices.Contains(old, l) })
	})
}

func TestALaneThatIsLostWhileOthersAreOpenedIsReplaced(t *testing.T) {
	store := newRedis(t, redistest.Start(t).Client())
	b := &store.batcher
	decide(t, store, Charge{perMinute("l", 1000), "k", 1})
	open := func() (lanes int, idle int, opening bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.lanes, len(b.idle), b.opening
	}
	ready := func() bool { lanes, idle, opening := open(); return lanes == minLanes && idle == minLanes && !opening }
	eventually.True(t, "the least number of lanes is open", ready)

	openLane, held := b.open, make(chan struct{})
	b.open = func(ctx context.Context) (*lane, error) { <-held; return openLane(ctx) }
	lose := func() { _ = b.giveBack(b.borrow(), errors.New("it broke")) }
	lose()
	lose() // the first one's successor is not open yet
	close(held)
	eventually.True(t, "both have a successor", ready)
}
