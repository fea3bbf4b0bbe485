package window

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

// TestThreeNodesKeepTheBoundThroughTheLossOfRedis is the worst case: all that a
// window allows is used by way of one node, then Redis is lost, everyone asks
// for more, and Redis comes back.
func TestThreeNodesKeepTheBoundThroughTheLossOfRedis(t *testing.T) {
	const rate = 300
	server := redistest.Start(t)
	nodes := []*node{newNode(t, server, 0), newNode(t, server, 0), newNode(t, server, 0)}
	for _, n := range nodes {
		// They need not be told how many they are.
		if err := n.join(); err != nil {
			t.Fatal(err)
		}
	}
	limit := Limit{Name: "l", Rate: rate, Window: time.Hour}
	// use asks each node for far more than there is.
	use := func(n *node) (granted int) {
		for range 2 * rate {
			if decide(t, n, Charge{limit, "k", 1}).Allowed {
				granted++
			}
		}
		return granted
	}
	granted := use(nodes[0])
	server.Pause()
	for _, n := range nodes {
		granted += use(n)
	}
	if most := rate*2 - rate/3; granted > most {
		t.Errorf("%d granted of %d with Redis lost, want at most %d", granted, rate, most)
	}
	server.Resume()
	for _, n := range nodes {
		eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
	}
	after := 0
	for _, n := range nodes {
		after += use(n)
	}
	if after > rate/10 {
		t.Errorf("%d more granted when Redis was back", after)
	}
	if granted+after < rate {
		t.Errorf("only %d granted of %d", granted+after, rate)
	}
}

func TestWhatANodeGrantsByItselfIsChargedWhenRedisIsBack(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	charge := Charge{hourly("l", 100, Local), "k", 1}
	for range 10 {
		decide(t, n, charge)
	}
	server.Pause()
	alone := 0
	for range 20 {
		if !decidedInRedis(t, n, charge) {
			alone++
		}
	}
	server.Resume()
	eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
	// One of them may be there twice, if Redis made the charge but was too late.
	left := decide(t, n, Charge{charge.Limit, "k", 0}).States[0].Remaining
	if alone == 0 || left > 70 || left < 69 {
		t.Errorf("%d of 100 left after 30 uses, %d of them without Redis", left, alone)
	}
}

// TestRedisIsBackThoughANodeGoesOnToGrant always has a grant that is not yet
// reported.
func TestRedisIsBackThoughANodeGoesOnToGrant(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server, 1)
	eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
	grant := func(key int) { decide(t, n, Charge{hourly("l", 100, Local), strconv.Itoa(key), 1}) }
	server.Pause()
	const before = 5000
	for key := range before {
		grant(key)
	}
	over := make(chan struct{})
	var granting sync.WaitGroup
	granting.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				grant(before)
			}
		}
	})
	server.Resume()
	eventually.True(t, "Redis is in use", func() bool { return !n.Degraded() })
	close(over)
	granting.Wait()
	for _, key := range []string{"1", strconv.Itoa(before / 2), strconv.Itoa(before - 1)} {
		// It may be there twice, if Redis made the charge but was too late.
		if left := decide(t, n, Charge{hourly("l", 100, Local), key, 0}).States[0].Remaining; left < 98 || left > 99 {
			t.Errorf("key %s has %d of 100 left after one use", key, left)
		}
	}
}
