package window

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

// decidedInRedis reports whether a decision was made in Redis.
func decidedInRedis(t testing.TB, store Store, charges ...Charge) bool {
	t.Helper()
	for _, s := range decide(t, store, charges...).States {
		if s.Degraded {
			return false
		}
	}
	return true
}

// farDeadline is ten times that of production, as are the round trips of the
// tests below, so that a busy machine does not matter.
const (
	farDeadline = 10 * DefaultDeadline
	farDial     = "?dial_timeout=2500ms"
)

func TestAFarRedisIsReachedFromAColdStart(t *testing.T) {
	server := redistest.Start(t)
	n := newNodeWithin(t, redistest.StartProxy(t, server.Addr, farDeadline*3/5).URL()+farDial, 1, farDeadline)
	charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
	eventually.True(t, "Redis decides", func() bool { return decidedInRedis(t, n, charge) })
	missed := 0
	for range 10 {
		if !decidedInRedis(t, n, charge) {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("%d of 10 decisions did not reach a Redis at three fifths of the deadline", missed)
	}
}

func TestManyCallersShareAFarRedis(t *testing.T) {
	server := redistest.Start(t)
	n := newNodeWithin(t, redistest.StartProxy(t, server.Addr, farDeadline/2).URL()+farDial, 1, farDeadline)
	eventually.True(t, "Redis decides", func() bool { return decidedInRedis(t, n, Charge{hourly("l", 1_000_000, Local), "k", 1}) })
	const callers, each = 64, 10
	var missed atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range each {
				if !decidedInRedis(t, n, Charge{hourly("l", 1_000_000, Local), fmt.Sprint(i), 1}) {
					missed.Add(1)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d of %d were decided locally", missed.Load(), callers*each)
	if missed.Load() > callers*each/20 {
		t.Errorf("%d of %d decisions did not reach a Redis at half the deadline", missed.Load(), callers*each)
	}
}

// TestABusyProcessDoesNotBlameRedis has far more to compute than there are
// processors, so that answers lie unread for longer than the deadline.
func TestABusyProcessDoesNotBlameRedis(t *testing.T) {
	n := newNode(t, redistest.Start(t), 1)
	var busy sync.WaitGroup
	over := make(chan struct{})
	for range 32 * runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			for sum := 0; ; sum++ {
				if sum%1024 == 0 {
					select {
					case <-over:
						return
					default:
					}
				}
			}
		})
	}
	const callers, each = 16, 10
	var missed, slow atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range each {
				start := time.Now()
				if !decidedInRedis(t, n, Charge{hourly("l", 1_000_000, Local), fmt.Sprint(i), 1}) {
					missed.Add(1)
				}
				if time.Since(start) > DefaultDeadline {
					slow.Add(1)
				}
			}
		})
	}
	all.Wait()
	close(over)
	busy.Wait()
	t.Logf("of %d decisions %d took longer than the deadline, %d were made locally", callers*each, slow.Load(), missed.Load())
	if missed.Load() > callers*each/20 {
		t.Errorf("%d of %d decisions were made locally though Redis is well", missed.Load(), callers*each)
	}
}

func TestAClusterIsBackSoonAfterAReplicaIsPromoted(t *testing.T) {
	cluster := redistest.StartCluster(t)
	n := newNodeAt(t, cluster.URL(), 1)
	charge := Charge{hourly("l", 1_000_000, Local), "k", 1}
	eventually.True(t, "Redis decides", func() bool { return decidedInRedis(t, n, charge) })
	owner := cluster.MasterOf("{" + DefaultPrefix + "}")
	cluster.Masters[owner].Kill()
	cluster.AwaitPromotion(owner)
	promoted := time.Now()
	eventually.True(t, "the promoted replica decides", func() bool { return decidedInRedis(t, n, charge) })
	late := time.Since(promoted)
	t.Logf("back %v after the promotion", late)
	// go-redis alone looks for new masters once a minute.
	if late > 30*time.Second {
		t.Errorf("back only %v after the promotion", late)
	}
}

func TestASlotThatMovesIsFollowed(t *testing.T) {
	cluster := redistest.StartCluster(t)
	n := newNodeAt(t, cluster.URL(), 1)
	limit := hourly("l", 1000, Local)
	used := int64(0)
	use := func(times int) {
		t.Helper()
		for range times {
			v := decide(t, n, Charge{limit, "k", 1})
			used++
			if s := v.States[0]; s.Degraded || s.Remaining != 1000-used {
				t.Fatalf("after %d uses: %+v", used, s)
			}
		}
	}
	eventually.True(t, "Redis decides", func() bool { return decidedInRedis(t, n, Charge{limit, "k", 0}) })
	use(3)
	key := "{" + DefaultPrefix + "}"
	_, finish := cluster.Migrate(key, cluster.MasterOf(key))
	use(3)
	finish()
	use(3)
}
