package window

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// moment is a time as a store may have it: what the clock shows, or, after the
// clock stepped back, anything up to the furthest that it has been.
type moment struct{ low, high time.Time }

// use is one granted charge.
type use struct {
	at   moment
	cost int64
}

// exactLog is the model of one window: every use there was.
type exactLog []use

// surely sums what was used in the given length of time until now, whatever
// time the store had.
func (l exactLog) surely(now moment, length time.Duration) int64 {
	return l.sum(func(u use) bool { return u.at.low.After(now.high.Add(-length)) })
}

// possibly sums what may have been used in that time.
func (l exactLog) possibly(now moment, length time.Duration) int64 {
	return l.sum(func(u use) bool { return u.at.high.After(now.low.Add(-length)) })
}

func (l exactLog) sum(counts func(use) bool) int64 {
	var sum int64
	for _, u := range l {
		if counts(u) {
			sum += u.cost
		}
	}
	return sum
}

// TestStoreAgreesWithAnExactLog plays random decisions over several limits and
// keys, on a clock that runs, leaps and steps back, and compares each with an
// exact log:
//   - never over: a granted charge fits the exact window that ends with it;
//   - hardly under: a refusing limit would have been overrun by one bucket more
//     than its window;
//   - what remains lies between the two.
func TestStoreAgreesWithAnExactLog(t *testing.T) {
	var run int
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		rapid.Check(t, func(t *rapid.T) {
			run++
			m := &machine{store: store, clock: clock, logs: map[string]exactLog{}, run: run}
			m.limits = []Limit{
				{Name: "a", Rate: rapid.Int64Range(1, 20).Draw(t, "a"), Window: time.Minute},
				{Name: "b", Rate: rapid.Int64Range(1, 100).Draw(t, "b"), Window: 7 * time.Minute},
				{Name: "c", Rate: rapid.Int64Range(1, 50).Draw(t, "c"), Window: 100*time.Second + 7*time.Microsecond},
				{Name: "d", Rate: 3, Window: time.Minute, Shadow: true},
			}
			t.Repeat(map[string]func(*rapid.T){
				"decide": m.decide,
				"again":  m.decide,
				"run":    func(t *rapid.T) { m.move(t, 0, time.Second) },
				"leap":   func(t *rapid.T) { m.move(t, 0, 2*time.Minute) },
				"edge":   m.edge,
				"corner": m.edge,
				"back":   func(t *rapid.T) { m.move(t, -5*time.Second, 0) },
			})
		})
	})
}

type machine struct {
	store  Store
	clock  *testClock
	limits []Limit
	logs   map[string]exactLog
	run    int
}

func (m *machine) move(t *rapid.T, least, most time.Duration) {
	µs := rapid.Int64Range(least.Microseconds(), most.Microseconds()).Draw(t, "µs")
	m.clock.Advance(time.Duration(µs) * time.Microsecond)
}

// edge moves the clock by one of the times at which mistakes hide.
func (m *machine) edge(t *rapid.T) {
	window := rapid.SampledFrom(m.limits).Draw(t, "limit").Window
	bucket := width(window)
	m.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Microsecond, bucket - time.Microsecond, bucket, window - bucket, window, window + bucket,
	}).Draw(t, "edge"))
}

func (m *machine) decide(t *rapid.T) {
	var charges []Charge
	for _, limit := range m.limits {
		if !rapid.Bool().Draw(t, "takes part") {
			continue
		}
		// Keys are of this run alone: the stores live longer.
		key := fmt.Sprint(m.run, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "key"))
		charges = append(charges, Charge{limit, key, rapid.Int64Range(0, limit.Rate/2+2).Draw(t, "cost")})
	}
	verdict, err := m.store.Decide(t.Context(), charges)
	if err != nil {
		t.Fatal(err)
	}
	refused := false
	for i, c := range charges {
		m.judge(t, c, verdict.States[i], verdict.Allowed)
		refused = refused || verdict.States[i].Refused && !c.Limit.Shadow
	}
	if refused == verdict.Allowed {
		t.Fatalf("allowed and refused at once, or neither: %+v", verdict)
	}
}

func (m *machine) judge(t *rapid.T, c Charge, s State, allowed bool) {
	name := c.Limit.Name + c.Key
	now := moment{m.clock.Now(), m.clock.Latest()}
	widened := c.Limit.Window + width(c.Limit.Window)
	if s.Refused && m.logs[name].possibly(now, widened)+c.Cost <= c.Limit.Rate {
		t.Fatalf("refused, though a window of %v has room: %+v, log %v", widened, c, m.logs[name])
	}
	if allowed && !s.Refused && c.Cost > 0 {
		m.logs[name] = append(m.logs[name], use{now, c.Cost})
	}
	if used := m.logs[name].surely(now, c.Limit.Window); used > c.Limit.Rate {
		t.Fatalf("%d units in a window of %+v", used, c.Limit)
	}
	least := c.Limit.Rate - m.logs[name].possibly(now, widened)
	most := c.Limit.Rate - m.logs[name].surely(now, c.Limit.Window)
	if s.Remaining < least || s.Remaining > most {
		t.Fatalf("remaining %d, want %d to %d: %+v", s.Remaining, least, most, c)
	}
}

// TestStoreAdmitsAtLeast60Of61OfASteadyRate measures the price of the buckets.
func TestStoreAdmitsAtLeast60Of61OfASteadyRate(t *testing.T) {
	const seconds = 61 * 10
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		limit := perMinute("l", 120)
		var granted int64
		for range seconds * 5 {
			if decide(t, store, Charge{limit, "k", 1}).Allowed {
				granted++
			}
			clock.Advance(200 * time.Millisecond)
		}
		if least := int64(120 * seconds / 61); granted < least {
			t.Errorf("%d granted in %d s, want at least %d", granted, seconds, least)
		}
	})
}
