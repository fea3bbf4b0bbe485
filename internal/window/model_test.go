package window

import (
	"fmt"
	"math"
	"slices"
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
//   - never over: a granted charge fits what the log allows;
//   - hardly under: a refusing limit would have been overrun, by the log of a
//     window that is one bucket longer, or by all that a token bucket was asked
//     to reserve;
//   - what remains lies between the two.
//
// Charges are settled late, with more or less than they had reserved.
func TestStoreAgreesWithAnExactLog(t *testing.T) {
	var run int
	eachStore(t, func(t *testing.T, store Store, clock *testClock) {
		rapid.Check(t, func(t *rapid.T) {
			run++
			m := &machine{store: store, clock: clock, logs: map[string]exactLog{}, reserved: map[string]exactLog{}, run: run}
			m.limits = []Limit{
				{Name: "a", Rate: rapid.Int64Range(1, 20).Draw(t, "a"), Window: time.Minute},
				{Name: "b", Rate: rapid.Int64Range(1, 100).Draw(t, "b"), Window: 7 * time.Minute},
				{Name: "c", Rate: rapid.Int64Range(1, 50).Draw(t, "c"), Window: 100*time.Second + 7*time.Microsecond},
				{Name: "d", Rate: 3, Window: time.Minute, Shadow: true},
				{Name: "a", Rate: rapid.Int64Range(1, 20).Draw(t, "log"), Window: time.Minute, Algorithm: SlidingLog},
				{
					Name: "a", Rate: rapid.Int64Range(1, 30).Draw(t, "bucket"), Window: time.Minute, Algorithm: TokenBucket,
					Burst: rapid.Int64Range(0, 40).Draw(t, "burst"),
				},
			}
			t.Repeat(map[string]func(*rapid.T){
				"decide": m.decide,
				"again":  m.decide,
				"run":    func(t *rapid.T) { m.move(t, 0, time.Second) },
				"leap":   func(t *rapid.T) { m.move(t, 0, 2*time.Minute) },
				"edge":   m.edge,
				"corner": m.edge,
				"settle": m.settle,
				"amend":  m.settle,
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
	// reserved has the charges of token buckets as they were reserved, and what
	// was charged beyond that.
	reserved map[string]exactLog
	run      int
	// unsettled are charges that were made, and where they are in their log.
	unsettled []reservation
}

type reservation struct {
	settlement Settlement
	log        string
	entry      int
}

func (m *machine) move(t *rapid.T, least, most time.Duration) {
	µs := rapid.Int64Range(least.Microseconds(), most.Microseconds()).Draw(t, "µs")
	m.clock.Advance(time.Duration(µs) * time.Microsecond)
}

// edge moves the clock by one of the times at which mistakes hide.
func (m *machine) edge(t *rapid.T) {
	window := rapid.SampledFrom(m.limits).Draw(t, "limit").Window
	bucket := widthOf(window)
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

// judge compares the state after a decision with the log.
func (m *machine) judge(t *rapid.T, c Charge, s State, allowed bool) {
	name := fmt.Sprint(c.Limit.family(), c.Key)
	now := moment{m.clock.Now(), m.clock.Latest()}
	_, before := m.bounds(c.Limit, name, now)
	if s.Refused && before+c.Cost <= c.Limit.Capacity() {
		t.Fatalf("refused, though there is room: %+v, log %v", c, m.logs[name])
	}
	charged := allowed && !s.Refused
	if charged == s.At.IsZero() {
		t.Fatalf("charged: %v, but at %v", charged, s.At)
	}
	if charged {
		m.unsettled = append(m.unsettled, reservation{Settlement{Charge: c, State: s}, name, len(m.logs[name])})
		m.logs[name] = append(m.logs[name], use{now, c.Cost})
		m.reserved[name] = append(m.reserved[name], use{now, c.Cost})
	}
	surely, possibly := m.bounds(c.Limit, name, now)
	if charged && c.Cost > 0 && surely > c.Limit.Capacity() {
		t.Fatalf("%d units used of %+v", surely, c.Limit)
	}
	least, most := max(0, c.Limit.Capacity()-possibly), max(0, c.Limit.Capacity()-surely)
	if s.Remaining < least || s.Remaining > most {
		t.Fatalf("remaining %d, want %d to %d: %+v", s.Remaining, least, most, c)
	}
}

// bounds returns how many units count at least and at most.
func (m *machine) bounds(l Limit, name string, now moment) (surely, possibly int64) {
	log := m.logs[name]
	switch l.Algorithm {
	case SlidingLog:
		return log.surely(now, l.Window), log.possibly(now, l.Window)
	case TokenBucket:
		return log.drawn(l, now), m.reserved[name].drawnAtMost(l, now)
	}
	return log.surely(now, l.Window), log.possibly(now, l.Window+widthOf(l.Window))
}

// drawn is what a bucket lacks at least that fills all the time: for some use,
// all that was drawn since, less what has come back.
func (l exactLog) drawn(limit Limit, now moment) int64 {
	lacks, sum := 0.0, 0.0
	for _, u := range slices.Backward(l) {
		sum += float64(u.cost)
		lacks = max(lacks, sum-limit.backIn(now.high.Sub(u.at.low)))
	}
	return int64(math.Ceil(lacks - 1e-6))
}

// drawnAtMost is what it may lack, if each draw takes a microsecond more.
func (l exactLog) drawnAtMost(limit Limit, now moment) int64 {
	lacks, sum := 0.0, 0.0
	for _, u := range slices.Backward(l) {
		sum += float64(u.cost) + limit.backIn(time.Microsecond)
		lacks = max(lacks, sum-limit.backIn(now.low.Sub(u.at.high)))
	}
	return int64(math.Ceil(lacks + 1e-6))
}

// backIn is how many units come back in a time.
func (l Limit) backIn(d time.Duration) float64 {
	return float64(d) / float64(l.Window) * float64(l.Rate)
}

// settle corrects one or two of the charges that were made.
func (m *machine) settle(t *rapid.T) {
	var settlements []Settlement
	for range min(2, len(m.unsettled)) {
		i := rapid.IntRange(0, len(m.unsettled)-1).Draw(t, "reservation")
		r := m.unsettled[i]
		r.settlement.Cost = rapid.Int64Range(0, 2*r.settlement.Charge.Cost+2).Draw(t, "true cost")
		if slices.ContainsFunc(settlements, func(s Settlement) bool { return sameWindow(s.Charge, r.settlement.Charge) }) {
			continue
		}
		m.unsettled = slices.Delete(m.unsettled, i, i+1)
		if more := r.settlement.difference(); more > 0 {
			m.reserved[r.log] = append(m.reserved[r.log], use{moment{m.clock.Now(), m.clock.Latest()}, more})
		}
		entry := &m.logs[r.log][r.entry]
		entry.cost = r.settlement.Cost
		if now := m.clock.Now(); now.Before(entry.at.low) {
			entry.at.low = now // if the clock stepped back
		}
		settlements = append(settlements, r.settlement)
	}
	if err := m.store.Settle(t.Context(), settlements); err != nil {
		t.Fatal(err)
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
