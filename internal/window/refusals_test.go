package window

import (
	"testing"
	"time"
)

// newRefusals returns a store in front of one that counts what it is asked.
func newRefusals(t *testing.T) (*Refusals, *central, *testClock) {
	t.Helper()
	clock := newClock()
	shared := &central{Store: clockedShared(t, clock)}
	r := NewRefusals(shared)
	r.clock = clock.Now
	return r, shared, clock
}

func TestARefusalIsRepeatedForAMoment(t *testing.T) {
	r, shared, clock := newRefusals(t)
	charges := []Charge{{perMinute("l", 1), "k", 1}, {perMinute("free", 10), "k", 1}}
	decide(t, r, charges...)
	first := decide(t, r, charges...)
	before := shared.asked.Load()
	for range 100 {
		clock.Advance(time.Millisecond)
		if v := decide(t, r, charges...); v.Allowed || !v.States[0].Refused || v.States[1].Remaining != 9 {
			t.Fatalf("the repeated verdict is %+v", v)
		}
	}
	if asked := shared.asked.Load() - before; asked != 0 {
		t.Errorf("the store was asked %d times", asked)
	}
	again := decide(t, r, charges...)
	if passed := first.States[0].RetryAfter - again.States[0].RetryAfter; passed != 100*time.Millisecond {
		t.Errorf("100 ms later, the wait is %v shorter", passed)
	}
	clock.Advance(repeatFor)
	decide(t, r, charges...)
	if asked := shared.asked.Load() - before; asked != 1 {
		t.Errorf("then the store was asked %d times, want once", asked)
	}
}

func TestARefusalEndsWhenTheChargeFits(t *testing.T) {
	r, _, clock := newRefusals(t)
	charge := Charge{Limit{Name: "l", Rate: 1, Window: time.Second}, "k", 1}
	decide(t, r, charge)
	clock.Advance(900 * time.Millisecond)
	wait := decide(t, r, charge).States[0].RetryAfter
	if wait <= 0 || wait > repeatFor {
		t.Fatalf("it fits after %v, want less than %v", wait, repeatFor)
	}
	clock.Advance(wait)
	if v := decide(t, r, charge); !v.Allowed {
		t.Errorf("after %v: %+v", wait, v)
	}
}

func TestOnlyTheSameChargesAreRefusedWithoutAsking(t *testing.T) {
	limit := perMinute("l", 3)
	refused := Charge{limit, "k", 2}
	for name, other := range map[string][]Charge{
		"another key":   {{limit, "other", 2}},
		"a lower cost":  {{limit, "k", 1}},
		"a higher rate": {{perMinute("l", 5), "k", 2}},
		"another limit": {{perMinute("m", 3), "k", 2}},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := newRefusals(t)
			decide(t, r, refused)
			if decide(t, r, refused).Allowed {
				t.Fatal("4 of 3 were granted")
			}
			if v := decide(t, r, other...); !v.Allowed {
				t.Errorf("%+v was refused: %+v", other, v)
			}
		})
	}
}

func TestAKeyThatIsForgottenIsNotRefused(t *testing.T) {
	r, _, _ := newRefusals(t)
	charge := Charge{perMinute("l", 1), "k", 1}
	decide(t, r, charge)
	decide(t, r, charge)
	if err := r.Forget(t.Context(), charge); err != nil {
		t.Fatal(err)
	}
	if v := decide(t, r, charge); !v.Allowed {
		t.Errorf("refused: %+v", v)
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	r, _, _ := newRefusals(t)
	for i := range int64(maxRefusals + 100) {
		decide(t, r, Charge{perMinute("l", 1), "k", 2 + i})
	}
	if n := len(r.made); n > maxRefusals {
		t.Errorf("%d refusals are remembered", n)
	}
}
