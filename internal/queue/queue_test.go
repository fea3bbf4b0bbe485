package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// desk is what callers wait for: it has room for so many, one after the other.
type desk struct {
	queue *Queue
	mu    sync.Mutex
	room  int
	tries int
	order []string
}

func newDesk() *desk { return &desk{queue: New()} }

func (d *desk) try(name string) (bool, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries++
	if d.room == 0 {
		return false, 0
	}
	d.room--
	d.order = append(d.order, name)
	return true, 0
}

// free makes room and wakes the line.
func (d *desk) free(n int) {
	d.mu.Lock()
	d.room += n
	d.mu.Unlock()
	d.queue.Wake("l")
}

// wait joins the line as a party, whose name is the first letter.
func (d *desk) wait(ctx context.Context, name string) (Report, error) {
	return d.queue.Wait(ctx, Spot{"l", name[:1], 100}, func() (bool, time.Duration) { return d.try(name) })
}

// enter has callers join one after the other. It is used in a bubble.
func (d *desk) enter(ctx context.Context, all *sync.WaitGroup, names ...string) {
	for _, name := range names {
		all.Go(func() { _, _ = d.wait(ctx, name) })
		synctest.Wait()
	}
}

func TestPartiesTakeTurnsAndEachIsServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		d.enter(t.Context(), &all, "a1", "a2", "a3", "a4", "b1", "b2", "c1")
		for range 7 {
			d.free(1)
			synctest.Wait()
		}
		all.Wait()
		if got, want := strings.Join(d.order, " "), "a1 b1 c1 a2 b2 a3 a4"; got != want {
			t.Errorf("served %s, want %s", got, want)
		}
		if d.queue.Busy("l") || d.queue.waiting != 0 || len(d.queue.lines) != 0 {
			t.Error("somebody is still in line")
		}
	})
}

func TestOneWakingServesAllForWhomThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		d.enter(t.Context(), &all, "a1", "a2", "b1", "b2")
		d.free(3)
		synctest.Wait()
		if len(d.order) != 3 {
			t.Errorf("served %v", d.order)
		}
		d.free(1)
		all.Wait()
	})
}

func TestOnlyTheFirstTriesAndNobodyPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var all sync.WaitGroup
		d.enter(ctx, &all, "a1", "a2", "b1")
		time.Sleep(59 * time.Minute)
		if d.tries != 1 {
			t.Errorf("%d tries in an hour in which nothing happened", d.tries)
		}
		all.Wait()
	})
}

func TestATryThatNamesATimeIsRepeatedThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := New(), time.Now()
		_, err := q.Wait(t.Context(), Spot{"l", "a", 1}, func() (bool, time.Duration) {
			left := time.Minute - time.Since(start)
			return left <= 0, left
		})
		if err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestACallerWhoseTimeIsOverLeavesAndKnowsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		d.enter(t.Context(), &all, "a1", "a2", "b1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		report, err := d.wait(ctx, "b2")
		if !errors.Is(err, context.DeadlineExceeded) || report.Place != 4 || report.Waiting != 4 {
			t.Errorf("%+v, %v", report, err)
		}
		d.free(3)
		all.Wait()
		if got, want := strings.Join(d.order, " "), "a1 b1 a2"; got != want {
			t.Errorf("served %s, want %s", got, want)
		}
	})
}

func TestTheNextIsFirstWhenTheFirstLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		d.enter(ctx, &all, "a1")
		d.enter(t.Context(), &all, "b1", "a2")
		cancel()
		synctest.Wait()
		d.free(2)
		all.Wait()
		// Its party had no turn yet.
		if got, want := strings.Join(d.order, " "), "a2 b1"; got != want {
			t.Errorf("served %s, want %s", got, want)
		}
	})
}

func TestAFullLineTurnsAPartyAwayAndLetsOthersJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		d.enter(t.Context(), &all, "a1", "a2")
		never := func() (bool, time.Duration) { return true, 0 }
		report, err := d.queue.Wait(t.Context(), Spot{"l", "a", 2}, never)
		if !errors.Is(err, ErrFull) || report.Place != 3 || report.Waiting != 2 {
			t.Errorf("%+v, %v", report, err)
		}
		d.enter(t.Context(), &all, "b1")
		d.free(3)
		all.Wait()
		if len(d.order) != 3 {
			t.Errorf("served %v", d.order)
		}
	})
}

func TestThePaceOfTheLineSaysHowLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		var all sync.WaitGroup
		d.enter(t.Context(), &all, "a1", "a2", "a3", "a4")
		for range 2 {
			time.Sleep(2 * time.Second)
			d.free(1)
			synctest.Wait()
		}
		report, err := d.queue.Wait(t.Context(), Spot{"l", "a", 2}, nil)
		if !errors.Is(err, ErrFull) || report.Expected != 6*time.Second {
			t.Errorf("%+v, %v", report, err)
		}
		d.free(2)
		all.Wait()
	})
}

func TestCloseEndsAllWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		errs := make(chan error, 3)
		for _, name := range []string{"a1", "a2", "b1"} {
			go func() {
				_, err := d.wait(t.Context(), name)
				errs <- err
			}()
		}
		synctest.Wait()
		d.queue.Close()
		d.queue.Close() // does nothing
		for range 3 {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}
		if _, err := d.wait(t.Context(), "c1"); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

func TestACallerThatPanicsHoldsUpNobody(t *testing.T) {
	q := New()
	func() {
		defer func() { _ = recover() }()
		_, _ = q.Wait(t.Context(), Spot{"l", "a", 1}, func() (bool, time.Duration) { panic("in a try") })
	}()
	if q.Busy("l") {
		t.Error("it is still in line")
	}
}

// TestTheLineAgreesWithAModel has random callers join, leave and be served, and
// compares who is served, and the places that are told, with a list for each
// party.
func TestTheLineAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 7), 1, 60).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			m := &model{desk: newDesk(), cancel: make(map[string]context.CancelFunc)}
			for _, step := range steps {
				m.step(t, step)
			}
			m.want = append(m.want, m.turns()...)
			m.free(m.joined)
			m.all.Wait()
			if !slices.Equal(m.order, m.want) {
				t.Errorf("served %v, want %v", m.order, m.want)
			}
		})
	})
}

// model has the parties in turn, each with its callers in order.
type model struct {
	*desk
	all     sync.WaitGroup
	parties [][]string
	want    []string
	joined  int
	cancel  map[string]context.CancelFunc
}

// step has somebody of a party join, the first be served, or the last leave.
func (m *model) step(t *testing.T, step int) {
	switch {
	case step < 4:
		m.joins(t, string(rune('a'+step)))
	case step < 7:
		m.serve()
		m.free(1)
		synctest.Wait()
		m.room = 0 // of a line that was empty
	case len(m.parties) > 0:
		last := len(m.parties) - 1
		p := m.parties[last]
		m.cancel[p[len(p)-1]]()
		synctest.Wait()
		if m.parties[last] = p[:len(p)-1]; len(p) == 1 {
			m.parties = m.parties[:last]
		}
	}
}

func (m *model) joins(t *testing.T, party string) {
	m.joined++
	name := fmt.Sprint(party, m.joined)
	if i := slices.IndexFunc(m.parties, func(p []string) bool { return p[0][:1] == party }); i >= 0 {
		m.parties[i] = append(m.parties[i], name)
	} else {
		m.parties = append(m.parties, []string{name})
	}
	place := slices.Index(m.turns(), name) + 1
	ctx, cancel := context.WithCancel(t.Context())
	m.cancel[name] = cancel
	m.all.Go(func() {
		report, err := m.wait(ctx, name)
		if err == nil && report.Place != place {
			t.Errorf("%s was told place %d, want %d", name, report.Place, place)
		}
	})
	synctest.Wait()
}

// serve serves who is next.
func (m *model) serve() {
	if len(m.parties) == 0 {
		return
	}
	first := m.parties[0]
	m.want = append(m.want, first[0])
	m.parties = m.parties[1:]
	if len(first) > 1 {
		m.parties = append(m.parties, first[1:])
	}
}

// turns returns all in the order in which they will be served.
func (m *model) turns() (names []string) {
	for round := 0; ; round++ {
		before := len(names)
		for _, p := range m.parties {
			if round < len(p) {
				names = append(names, p[round])
			}
		}
		if len(names) == before {
			return names
		}
	}
}
