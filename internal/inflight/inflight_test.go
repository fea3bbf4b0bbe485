package inflight

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

// openRedis opens what slots and windows share, as a gateway does. It is closed
// when the test ends.
func openRedis(t *testing.T, server *redistest.Server, nodes int) *window.Failover {
	t.Helper()
	client, err := redisconn.OpenImpatient(server.URL(), window.DefaultDeadline)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := window.NewRedis(client, window.RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := window.NewFailover(shared, window.NewMemory(window.MemoryOptions{}), window.FailoverOptions{Nodes: nodes})
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	eventually.True(t, "Redis is in use", func() bool { return !f.Degraded() })
	return f
}

// newNode is one gateway's store on a shared Redis.
func newNode(t *testing.T, server *redistest.Server, nodes int) *Shared {
	t.Helper()
	s := NewShared(openRedis(t, server, nodes))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// eachStore runs a test against every store, each with all slots free.
func eachStore(t *testing.T, test func(t *testing.T, store Store)) {
	t.Run("memory", func(t *testing.T) { test(t, NewMemory()) })
	t.Run("redis", func(t *testing.T) { test(t, newNode(t, redistest.Start(t), 1)) })
}

func acquire(t interface{ Fatal(...any) }, store Store, demands ...Demand) (*Slots, Verdict) {
	slots, verdict, err := store.Acquire(noContext, demands)
	if err != nil {
		t.Fatal(err)
	}
	if (slots != nil) != verdict.Allowed {
		t.Fatal("slots", slots, "and verdict", verdict)
	}
	return slots, verdict
}

// TestStoreAgreesWithAModel plays random demands and releases, and compares
// each with a count.
func TestStoreAgreesWithAModel(t *testing.T) {
	var run int
	eachStore(t, func(t *testing.T, store Store) {
		rapid.Check(t, func(t *rapid.T) {
			run++
			m := &model{store: store, run: run, held: make(map[string]int64), limits: []Limit{
				{Name: "a", Max: rapid.Int64Range(1, 4).Draw(t, "a")},
				{Name: "b", Max: rapid.Int64Range(1, 4).Draw(t, "b")},
				{Name: "c", Max: 2, Shadow: true},
			}}
			t.Repeat(map[string]func(*rapid.T){
				"acquire": m.acquire,
				"again":   m.acquire,
				"release": m.release,
			})
			for len(m.requests) > 0 {
				m.end(0)
			}
		})
	})
}

// model knows how many slots of each key are held, and by which requests.
type model struct {
	store    Store
	limits   []Limit
	run      int
	held     map[string]int64
	requests []request
}

type request struct {
	slots *Slots
	names []string
}

func (m *model) acquire(t *rapid.T) {
	var demands []Demand
	for _, limit := range m.limits {
		if rapid.Bool().Draw(t, "takes part") {
			// Keys are of this run alone: the stores live longer.
			key := fmt.Sprint(m.run, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "key"))
			demands = append(demands, Demand{limit, key})
		}
	}
	slots, verdict := acquire(t, m.store, demands...)
	allowed := true
	for i, d := range demands {
		full := m.held[d.Limit.Name+d.Key] >= d.Limit.Max
		if verdict.States[i].Refused != full {
			t.Fatalf("%+v with %d held: %+v", d, m.held[d.Limit.Name+d.Key], verdict)
		}
		allowed = allowed && (!full || d.Limit.Shadow)
	}
	if verdict.Allowed != allowed {
		t.Fatalf("%+v: %+v, want allowed %v", demands, verdict, allowed)
	}
	if allowed {
		m.begin(slots, demands, verdict)
	}
	for i, d := range demands {
		if held := m.held[d.Limit.Name+d.Key]; verdict.States[i].Held != held {
			t.Fatalf("%+v: %d held, want %d", d, verdict.States[i].Held, held)
		}
	}
}

func (m *model) begin(slots *Slots, demands []Demand, verdict Verdict) {
	r := request{slots: slots}
	for i, d := range demands {
		if name := d.Limit.Name + d.Key; !verdict.States[i].Refused {
			m.held[name]++
			r.names = append(r.names, name)
		}
	}
	m.requests = append(m.requests, r)
}

func (m *model) release(t *rapid.T) {
	if len(m.requests) == 0 {
		t.Skip("no request is under way")
	}
	m.end(rapid.IntRange(0, len(m.requests)-1).Draw(t, "request"))
}

func (m *model) end(i int) {
	m.requests[i].slots.Release()
	m.requests[i].slots.Release() // does nothing
	for _, name := range m.requests[i].names {
		m.held[name]--
	}
	m.requests = append(m.requests[:i], m.requests[i+1:]...)
}

func TestConcurrentRequestsNeverHoldMoreThanThereAre(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		const slots = 3
		limit := Limit{Name: "l", Max: slots}
		var mu sync.Mutex
		held, most, allowed := 0, 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			held += by
			most = max(most, held)
			allowed += max(0, by)
		}
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 50 {
					got, verdict, err := store.Acquire(noContext, []Demand{{limit, "k"}})
					if err != nil {
						t.Error(err)
					}
					if verdict.Allowed {
						count(1)
						count(-1)
						got.Release()
					}
				}
			})
		}
		all.Wait()
		if most > slots || allowed == 0 {
			t.Errorf("%d held at once of %d; %d allowed", most, slots, allowed)
		}
		for i := range slots {
			if _, v := acquire(t, store, Demand{limit, "k"}); !v.Allowed {
				t.Errorf("slot %d is not free afterwards", i)
			}
		}
	})
}

func TestDemandsThatMakeNoSenseAreAnError(t *testing.T) {
	eachStore(t, func(t *testing.T, store Store) {
		one := Demand{Limit{Name: "l", Max: 1}, "k"}
		for _, demands := range [][]Demand{
			{{Limit{Name: "", Max: 1}, "k"}},
			{{Limit{Name: "l", Max: 0}, "k"}},
			{{Limit{Name: "l", Max: MaxSlots + 1}, "k"}},
			{one, one},
		} {
			if _, _, err := store.Acquire(t.Context(), demands); !errors.Is(err, ErrInvalid) {
				t.Errorf("%+v: %v", demands, err)
			}
		}
	})
}

func BenchmarkAcquire(b *testing.B) {
	store := NewMemory()
	for i := 0; b.Loop(); i++ {
		slots, _ := acquire(b, store, Demand{Limit{Name: "l", Max: 4}, strconv.Itoa(i % 1000)})
		slots.Release()
	}
}
