// Package queue lets callers wait in line for what has no room for them now. In
// a line, parties take turns, and the callers of one party come in the order in
// which they joined. So a party of a thousand does not hold up the others.
//
// Only the first in a line tries to get what it waits for: when it is woken,
// and when the time has come that its last try has named. Nothing runs when
// nobody waits.
package queue

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// MaxWaiting is how many callers may wait in all lines together.
const MaxWaiting = 10_000

var (
	// ErrFull says that as many callers wait already as may.
	ErrFull = errors.New("the queue is full")
	// ErrClosed says that nobody may wait any more.
	ErrClosed = errors.New("the queue is closed")
)

// Spot is where a caller waits.
type Spot struct {
	// Line is what it waits for.
	Line string
	// Party is who it is: the parties of a line take turns.
	Party string
	// Size is how many callers of the party may wait in the line.
	Size int
}

// Report is how a caller fared.
type Report struct {
	// Place is where the caller was when it joined, as parties take turns: 1 was
	// next. Of one that was turned away it is the place that it would have had,
	// and of one that left without success where it was then.
	Place int
	// Waiting is how many callers waited in the line at that time.
	Waiting int
	// Expected is how long it takes from that place, as fast as the line has moved
	// so far; zero if it has not.
	Expected time.Duration
}

// Queue is the lines of one process. Its methods may be called concurrently.
type Queue struct {
	closed chan struct{}

	mu      sync.Mutex
	waiting int
	lines   map[string]*line
}

type line struct {
	parties map[string]*party
	turns   list.List // of *party, the next one first
	waiting int
	wake    chan struct{} // has room for one
	began   time.Time
	served  int
}

type party struct {
	name    string
	callers list.List // of *caller
	turn    *list.Element
}

type caller struct {
	line  *line
	party *party
	place *list.Element
	// first is closed when the caller is the first in its line.
	first chan struct{}
}

// New returns a queue without lines.
func New() *Queue {
	return &Queue{closed: make(chan struct{}), lines: make(map[string]*line)}
}

// Busy reports whether anybody waits in the line. Who comes then should wait
// too, instead of overtaking.
func (q *Queue) Busy(name string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lines[name] != nil
}

// Wait waits in line and, as the first, tries until a try says that it is done.
// Otherwise a try says when the next one is worth while, unless the line is
// woken before; zero means not before that.
//
// Wait fails at once with [ErrFull] or [ErrClosed], and later with the error of
// the context or [ErrClosed].
func (q *Queue) Wait(ctx context.Context, spot Spot, try func() (done bool, again time.Duration)) (Report, error) {
	c, report, err := q.join(spot)
	if err != nil {
		return report, err
	}
	done := false
	defer func() {
		if left := q.leave(spot.Line, c, done); !done {
			report = left
		}
	}()
	select {
	case <-c.first:
	case <-ctx.Done():
		return report, ctx.Err()
	case <-q.closed:
		return report, ErrClosed
	}
	for {
		select {
		case <-c.line.wake: // a try follows anyway
		default:
		}
		var again time.Duration
		if done, again = try(); done {
			return report, nil
		}
		if err := q.pause(ctx, c.line, again); err != nil {
			return report, err
		}
	}
}

// pause waits until the line is woken, or for so long.
func (q *Queue) pause(ctx context.Context, l *line, again time.Duration) error {
	var due <-chan time.Time
	if again > 0 {
		timer := time.NewTimer(again)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-l.wake:
	case <-due:
	case <-ctx.Done():
		return ctx.Err()
	case <-q.closed:
		return ErrClosed
	}
	return nil
}

// Wake says that there may be room for who is first in the line.
func (q *Queue) Wake(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lines[name]; l != nil {
		select {
		case l.wake <- struct{}{}:
		default: // it is being woken
		}
	}
}

// Close ends all waiting, now and later.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.closed:
	default:
		close(q.closed)
	}
}

func (q *Queue) join(spot Spot) (*caller, Report, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.closed:
		return nil, Report{}, ErrClosed
	default:
	}
	l := q.lines[spot.Line]
	if l == nil {
		l = &line{parties: make(map[string]*party), wake: make(chan struct{}, 1), began: time.Now()}
	}
	p := l.parties[spot.Party]
	waiting := 0
	if p != nil {
		waiting = p.callers.Len()
	}
	report := l.report(l.placeOf(p, waiting))
	if waiting >= spot.Size || q.waiting >= MaxWaiting {
		return nil, report, ErrFull
	}
	if p == nil {
		p = &party{name: spot.Party}
		p.turn = l.turns.PushBack(p)
		l.parties[spot.Party] = p
	}
	c := &caller{line: l, party: p, first: make(chan struct{})}
	c.place = p.callers.PushBack(c)
	l.waiting++
	q.waiting++
	q.lines[spot.Line] = l
	if l.waiting == 1 {
		close(c.first)
	}
	report.Waiting = l.waiting
	return c, report, nil
}

// leave takes a caller out of its line, and lets the next one be the first. Who
// is done has had its party's turn.
func (q *Queue) leave(name string, c *caller, done bool) Report {
	q.mu.Lock()
	defer q.mu.Unlock()
	l, p := c.line, c.party
	ahead := 0
	for e := c.place.Prev(); e != nil; e = e.Prev() {
		ahead++
	}
	report := l.report(l.placeOf(p, ahead))
	wasFirst := l.first() == c
	p.callers.Remove(c.place)
	l.waiting--
	q.waiting--
	if done {
		l.served++
		l.turns.MoveToBack(p.turn)
	}
	if p.callers.Len() == 0 {
		l.turns.Remove(p.turn)
		delete(l.parties, p.name)
	}
	switch {
	case l.waiting == 0:
		delete(q.lines, name)
	case wasFirst:
		close(l.first().first)
	}
	return report
}

// first returns who is next.
func (l *line) first() *caller {
	return l.turns.Front().Value.(*party).callers.Front().Value.(*caller)
}

// placeOf returns the place of a caller that has so many of its own party
// before it. A party that is nil comes last in turn.
func (l *line) placeOf(p *party, own int) int {
	place, before := own+1, true
	for turn := l.turns.Front(); turn != nil; turn = turn.Next() {
		other := turn.Value.(*party)
		switch {
		case other == p:
			before = false
		case before: // its turn is sooner, as often as ours comes
			place += min(other.callers.Len(), own+1)
		default:
			place += min(other.callers.Len(), own)
		}
	}
	return place
}

func (l *line) report(place int) Report {
	r := Report{Place: place, Waiting: l.waiting}
	if l.served > 0 {
		r.Expected = time.Duration(place) * (time.Since(l.began) / time.Duration(l.served))
	}
	return r
}
