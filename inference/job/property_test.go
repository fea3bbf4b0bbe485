package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// machine drives a queue at random and keeps a book of its own.
type machine struct {
	queue Queue
	other Queue // of another process, which takes back what expires
	clock *clock
	jobs  map[string]string // the principal of each job
	total map[string]int
	held  []hand
	// settled are the items that were finished for good, by job and position.
	settled map[string]bool
	// due is when the items that failed may be tried again.
	due map[string]time.Time
	// abandoned is how often the lease of an item ran out.
	abandoned map[string]int
}

// hand is an item that was handed out, with the end of its lease.
type hand struct {
	Item
	until time.Time
}

func (i Item) key() string { return fmt.Sprint(i.Job, i.Position) }

const leased = 10 * time.Second

func newMachine(t *rapid.T, open opener) *machine {
	q, c := open(t, func(c *Config) { c.MaxAttempts, c.Backoff, c.Lease = 2, time.Second, leased })
	return &machine{queue: q, other: q.another(), clock: c,
		jobs: map[string]string{}, total: map[string]int{}, settled: map[string]bool{}, due: map[string]time.Time{}, abandoned: map[string]int{}}
}

func (m *machine) Submit(t *rapid.T) {
	s := submission(rapid.SampledFrom([]string{"ada", "bob", "eve"}).Draw(t, "principal"), rapid.IntRange(1, 5).Draw(t, "items"))
	s.Priority = rapid.IntRange(-1, 1).Draw(t, "priority")
	job := submit(t, m.queue, s)
	m.jobs[job.ID], m.total[job.ID] = s.Principal, len(s.Payloads)
}

func (m *machine) Take(t *rapid.T) {
	before, due := m.byPrincipal(t)
	apart, busy := m.suspects(t), m.busy(t)
	taken := take(t, m.queue, rapid.IntRange(1, 4).Draw(t, "n"))
	for _, item := range taken {
		if m.settled[item.key()] {
			t.Fatalf("item %d of %s was settled and came again", item.Position, item.Job)
		}
		m.held = append(m.held, hand{item, m.clock.now().Add(leased)})
		if apart {
			if m.abandoned[item.key()] > 0 && (busy || len(taken) > 1) {
				t.Fatalf("item %d of %s does not run alone", item.Position, item.Job)
			}
			continue
		}
		principal := m.jobs[item.Job]
		for other := range due {
			if due[other] > 0 && before[other] < before[principal] {
				t.Fatalf("%s has %d running and got the turn of %s, who has %d", principal, before[principal], other, before[other])
			}
		}
		before[principal]++
		due[principal]--
	}
}

// suspects reports whether an item is open whose lease ran out before.
func (m *machine) suspects(t *rapid.T) bool {
	for id, principal := range m.jobs {
		if job := standing(t, m.queue, principal, id); job.Final() {
			continue
		}
		over := map[int]bool{}
		for _, r := range results(t, m.queue, principal, id) {
			over[r.Position] = true
		}
		for position := range m.total[id] {
			if m.abandoned[Item{Job: id, Position: position}.key()] > 0 && !over[position] {
				return true
			}
		}
	}
	return false
}

// busy reports whether the queue's own process has an item in hand.
func (m *machine) busy(t *rapid.T) bool {
	return slices.ContainsFunc(m.held, func(h hand) bool {
		return !h.until.Before(m.clock.now()) && standing(t, m.queue, m.jobs[h.Job], h.Job).State != Cancelled
	})
}

func (m *machine) Finish(t *rapid.T) {
	item, ok := m.pick(t)
	if !ok {
		return
	}
	outcome := Outcome{Body: []byte("body"), Failed: rapid.Bool().Draw(t, "failed"), Retry: rapid.Bool().Draw(t, "retry")}
	err := m.queue.Finish(context.Background(), item, outcome)
	key := item.key()
	switch {
	case errors.Is(err, ErrLost):
	case err != nil:
		t.Fatal(err)
	case m.settled[key]:
		t.Fatalf("item %s was finished twice", key)
	case !outcome.Failed || !outcome.Retry || item.Attempt-m.abandoned[key] == 2:
		m.settled[key] = true
	default:
		m.due[key] = m.clock.now().Add(time.Second)
	}
}

func (m *machine) Release(t *rapid.T) {
	if item, ok := m.pick(t); ok {
		if err := m.queue.Release(context.Background(), item); err != nil && !errors.Is(err, ErrLost) {
			t.Fatal(err)
		}
	}
}

func (m *machine) Cancel(t *rapid.T) {
	if len(m.jobs) == 0 {
		return
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(m.jobs))).Draw(t, "job")
	if _, err := m.queue.Cancel(context.Background(), m.jobs[id], id); err != nil {
		t.Fatal(err)
	}
}

// Wait lets time pass. The leases of those who died meanwhile are taken back
// first, so that Take can be held to what it sees.
func (m *machine) Wait(t *rapid.T) {
	before := m.clock.now()
	m.clock.advance(time.Duration(rapid.IntRange(1, 12).Draw(t, "seconds")) * time.Second)
	for _, h := range m.held {
		if !h.until.Before(before) && h.until.Before(m.clock.now()) {
			m.abandoned[h.key()]++
		}
	}
	take(t, m.other, 0)
}

// pick removes one of the items that were handed out, some of which are lost.
func (m *machine) pick(t *rapid.T) (Item, bool) {
	if len(m.held) == 0 {
		return Item{}, false
	}
	i := rapid.IntRange(0, len(m.held)-1).Draw(t, "item")
	item := m.held[i].Item
	m.held = slices.Delete(m.held, i, i+1)
	return item, true
}

// byPrincipal counts the items that run, and those that wait and are due.
func (m *machine) byPrincipal(t *rapid.T) (running, due map[string]int) {
	running, due = map[string]int{}, map[string]int{}
	for id, principal := range m.jobs {
		job := standing(t, m.queue, principal, id)
		running[principal] += job.Running
		due[principal] += job.Waiting
		for position := range m.total[id] {
			if !job.Final() && m.due[Item{Job: id, Position: position}.key()].After(m.clock.now()) {
				due[principal]--
			}
		}
	}
	return running, due
}

// Check holds after every step.
func (m *machine) Check(t *rapid.T) {
	open := 0
	for id, principal := range m.jobs {
		job := standing(t, m.queue, principal, id)
		if sum := job.Waiting + job.Running + job.Done + job.Failed + job.Dropped; sum != m.total[id] || job.Total != m.total[id] {
			t.Fatalf("%d items of %d: %+v", sum, m.total[id], job)
		}
		if job.Final() != (job.Waiting+job.Running == 0) {
			t.Fatalf("state and counts disagree: %+v", job)
		}
		open += job.Waiting + job.Running
		got := results(t, m.queue, principal, id)
		if len(got) != job.Done+job.Failed {
			t.Fatalf("%d results: %+v", len(got), job)
		}
		positions := map[int]bool{}
		for i, r := range got {
			if positions[r.Position] || r.Sequence != i+1 {
				t.Fatalf("result %d: %+v", i, r)
			}
			positions[r.Position] = true
		}
		for position := range m.total[id] {
			if m.settled[Item{Job: id, Position: position}.key()] && !positions[position] {
				t.Fatalf("item %d of %s was acknowledged and has no result", position, id)
			}
		}
	}
	waiting, running, err := m.queue.Depth(context.Background())
	if err != nil || waiting+running != open {
		t.Fatalf("%d wait, %d run of %d, %v", waiting, running, open, err)
	}
}

func TestTheQueueKeepsItsBooks(t *testing.T) {
	eachQueue(t, func(t *testing.T, newQueue opener) {
		rapid.Check(t, func(t *rapid.T) { t.Repeat(rapid.StateMachineActions(newMachine(t, newQueue))) })
	})
}
