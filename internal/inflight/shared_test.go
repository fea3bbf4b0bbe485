package inflight

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

var noContext = context.Background()

func allowed(t *testing.T, store Store, d Demand) bool {
	t.Helper()
	_, verdict := acquire(t, store, d)
	return verdict.Allowed
}

func TestNodesShareSlots(t *testing.T) {
	server := redistest.Start(t)
	first, second := newNode(t, server, 2), newNode(t, server, 2)
	d := Demand{Limit{Name: "l", Max: 2}, "k"}
	one, _ := acquire(t, first, d)
	acquire(t, second, d)
	if allowed(t, first, d) || allowed(t, second, d) {
		t.Fatal("a third of two slots was given")
	}
	one.Release()
	if !allowed(t, second, d) {
		t.Error("a slot that one node gave back is not free for another")
	}
}

// TestSlotsOfANodeThatDiedAreFreeWithinTheLease leaves a node without its
// heartbeat, as SIGKILL does.
func TestSlotsOfANodeThatDiedAreFreeWithinTheLease(t *testing.T) {
	server := redistest.Start(t)
	d := Demand{Limit{Name: "l", Max: 2}, "k"}
	const lease = time.Second
	dead := newShared(openRedis(t, server, 2), lease)
	alive := newShared(openRedis(t, server, 2), lease)
	t.Cleanup(func() { _ = alive.Close() })
	acquire(t, dead, d)
	kept, _ := acquire(t, alive, d)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	var more *Slots
	eventually.True(t, "the dead node's slot is free", func() bool {
		more, _ = acquire(t, alive, d)
		return more != nil
	})
	// Several leases later, the living node still holds its own.
	for range 3 {
		members := server.Client().ZRange(t.Context(), "{"+window.DefaultPrefix+"}:"+nameOf(d), 0, -1).Val()
		if len(members) != 2 {
			t.Fatalf("%d slots are held of two that are renewed", len(members))
		}
		until := time.Now().Add(lease)
		eventually.True(t, "a lease later", func() bool { return time.Now().After(until) })
	}
	kept.Release()
	more.Release()
	if n := server.Client().Exists(t.Context(), "{"+window.DefaultPrefix+"}:"+nameOf(d)).Val(); n != 0 {
		t.Error("free slots leave something in Redis")
	}
}

func TestWithoutRedisANodeGivesItsShareAndTellsRedisAfterwards(t *testing.T) {
	server := redistest.Start(t)
	first, second := newNode(t, server, 2), newNode(t, server, 2)
	d := Demand{Limit{Name: "l", Max: 4}, "k"}
	for range 4 {
		acquire(t, first, d)
	}
	server.Pause()
	if allowed(t, first, d) {
		t.Error("a node that holds more than its share was given another")
	}
	held := 4
	for range 4 {
		_, v := acquire(t, second, d)
		if s := v.States[0]; !s.Degraded || s.Limit.Max != 2 {
			t.Fatalf("the state does not tell the share: %+v", s)
		}
		if v.Allowed {
			held++
		}
	}
	if held != 6 {
		t.Errorf("%d held of 4 by two nodes without Redis, want 6", held)
	}
	server.Resume()
	eventually.True(t, "Redis knows all that are held", func() bool {
		_, v := acquire(t, second, d)
		return !v.Allowed && !v.States[0].Degraded && v.States[0].Held == 6
	})
}

func TestSlotsOutliveARedisThatComesBackEmpty(t *testing.T) {
	server := redistest.Start(t)
	first, second := newNode(t, server, 2), newNode(t, server, 2)
	d := Demand{Limit{Name: "l", Max: 2}, "k"}
	acquire(t, first, d)
	acquire(t, first, d)
	server.Restart()
	eventually.True(t, "the other node hears of them", func() bool {
		slots, v := acquire(t, second, d)
		slots.Release()
		return !v.Allowed && v.States[0].Held == 2 && !v.States[0].Degraded
	})
}

func TestWithoutRedisALimitDoesWhatItsOnErrorSays(t *testing.T) {
	server := redistest.Start(t)
	s := newNode(t, server, 1)
	server.Kill()
	deny := Demand{Limit{Name: "deny", Max: 1, OnError: window.Deny}, "k"}
	if _, _, err := s.Acquire(t.Context(), []Demand{deny}); !errors.Is(err, window.ErrUnavailable) {
		t.Errorf("deny: %v", err)
	}
	allow := Demand{Limit{Name: "allow", Max: 1, OnError: window.Allow}, "k"}
	for range 3 {
		_, v := acquire(t, s, allow)
		if !v.Allowed || !v.States[0].Lifted {
			t.Errorf("allow: %+v", v)
		}
	}
}

func TestACallerThatLeavesTakesNoSlotWithIt(t *testing.T) {
	s := newNode(t, redistest.Start(t), 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := Demand{Limit{Name: "l", Max: 1}, "k"}
	slots, v, err := s.Acquire(ctx, []Demand{d})
	if err != nil || !v.Allowed {
		t.Fatal(v, err)
	}
	slots.Release()
	if !allowed(t, s, d) {
		t.Error("the slot is not free")
	}
}

// TestAClockThatStepsBackKeepsNoDeadSlot has a slot that was taken when the
// server's clock was an hour ahead.
func TestAClockThatStepsBackKeepsNoDeadSlot(t *testing.T) {
	server := redistest.Start(t)
	s := newShared(openRedis(t, server, 1), 500*time.Millisecond)
	t.Cleanup(func() { _ = s.Close() })
	d := Demand{Limit{Name: "l", Max: 1}, "k"}
	ahead := time.Now().Add(time.Hour)
	key := "{" + window.DefaultPrefix + "}:" + nameOf(d)
	if err := server.Client().Do(t.Context(), "zadd", key, ahead.UnixMilli(), "dead").Err(); err != nil {
		t.Fatal(err)
	}
	if allowed(t, s, d) {
		t.Fatal("a slot that is held was given")
	}
	eventually.True(t, "the slot is free", func() bool { return allowed(t, s, d) })
}

func TestNothingRunsWhenNothingIsHeld(t *testing.T) {
	s := newNode(t, redistest.Start(t), 1)
	s.lease = 30 * time.Millisecond
	slots, _ := acquire(t, s, Demand{Limit{Name: "l", Max: 1}, "k"})
	slots.Release()
	eventually.True(t, "the heartbeat stops", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.due.IsZero()
	})
}
