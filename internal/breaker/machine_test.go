package breaker

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestMachine drives a breaker at random and holds it to what a client and an
// operator rely on, whatever the order of things.
func TestMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// a bubble's T has no Deadline
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) {
			m := &machine{settings: Settings{
				TripAfter:    rapid.Uint32Range(1, 4).Draw(t, "trip_after"),
				OpenFor:      time.Second,
				OpenMax:      8 * time.Second,
				HalfOpen:     rapid.Uint32Range(1, 4).Draw(t, "half_open"),
				ProbeTimeout: 10 * time.Second,
			}}
			m.breaker = New("u", m.settings, func(c Change) { m.changes = append(m.changes, c) })
			t.Repeat(map[string]func(*rapid.T){
				"allow":   m.allow,
				"success": m.settle((*Permit).Success),
				"failure": m.settle(func(p *Permit) { p.Failure(errDown) }),
				"release": m.settle((*Permit).Release),
				"leak":    m.settle(func(*Permit) {}),
				"wait":    func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 5000).Draw(t, "ms")) * time.Millisecond) },
				"late":    func(*rapid.T) { m.breaker.Fail(errDown) },
				"":        m.check,
			})
			m.recovers(t)
		})
	})
}

type machine struct {
	settings Settings
	breaker  *Breaker
	permits  []*Permit
	changes  []Change
	leaked   []*Permit
}

func (m *machine) allow(t *rapid.T) {
	ready := m.breaker.Ready()
	p := m.breaker.Allow()
	if ready != (p != nil) {
		t.Fatalf("Ready said %v, Allow %v", ready, p != nil)
	}
	if p != nil {
		m.permits = append(m.permits, p)
	}
}

func (m *machine) settle(end func(*Permit)) func(*rapid.T) {
	return func(t *rapid.T) {
		if len(m.permits) == 0 {
			t.Skip("no permit")
		}
		i := rapid.IntRange(0, len(m.permits)-1).Draw(t, "permit")
		p := m.permits[i]
		m.permits = append(m.permits[:i], m.permits[i+1:]...)
		end(p)
		if rapid.Bool().Draw(t, "again") {
			// settled later once more, or for the first time
			m.leaked = append(m.leaked, p)
		}
		if len(m.leaked) > 3 {
			m.leaked[0].Failure(errDown)
			m.leaked = m.leaked[1:]
		}
	}
}

// check holds after every step.
func (m *machine) check(t *rapid.T) {
	probing := uint32(0)
	for p := range m.breaker.probes {
		if !p.settled && time.Since(p.since) < m.settings.ProbeTimeout {
			probing++
		}
	}
	if probing > m.settings.HalfOpen {
		t.Fatalf("%d probes at once, want at most %d", probing, m.settings.HalfOpen)
	}
	s := m.breaker.Snapshot()
	if s.State == Open && time.Until(s.ProbeAt) > longest(m.settings.OpenMax) {
		t.Fatalf("open until %v", s.ProbeAt)
	}
	if s.State == Closed && s.Failures >= m.settings.TripAfter {
		t.Fatalf("still closed after %d failures", s.Failures)
	}
	at := Closed
	for _, c := range m.changes {
		if c.From != at || !lawful(c) {
			t.Fatalf("changed %v to %v while %v", c.From, c.To, at)
		}
		at = c.To
	}
	if at != s.State {
		t.Fatalf("told of %v, is %v", at, s.State)
	}
}

func lawful(c Change) bool {
	return c.From == Closed && c.To == Open || c.From == Open && c.To == HalfOpen ||
		c.From == HalfOpen && (c.To == Open || c.To == Closed)
}

// recovers: whatever happened, and with every permit still out leaked, good
// attempts close the breaker in bounded time.
func (m *machine) recovers(t *rapid.T) {
	time.Sleep(max(longest(m.settings.OpenMax), m.settings.ProbeTimeout))
	for range m.settings.HalfOpen {
		p := m.breaker.Allow()
		if p == nil {
			t.Fatalf("wedged: %+v", m.breaker.Snapshot())
		}
		p.Success()
	}
	if s := m.breaker.Snapshot(); s.State != Closed {
		t.Fatalf("%v after %d good probes", s.State, m.settings.HalfOpen)
	}
}
