package inflight

import (
	"context"
	"slices"
	"time"

	"github.com/odordiff/odordiff/internal/window"
)

// together is how many ids one script renews at most, so that it does not keep
// Redis busy for long.
const together = 500

// beatIn sees to it that what is held is renewed, no later than that. The
// caller has the lock.
func (s *Shared) beatIn(d time.Duration) {
	due := time.Now().Add(jittered(d))
	if s.closed || !s.due.IsZero() && s.due.Before(due) {
		return
	}
	s.due = due
	s.timer.Reset(time.Until(due))
}

// beat renews what is held, and comes again as long as something is.
func (s *Shared) beat() {
	s.mu.Lock()
	s.due = time.Time{}
	if s.closed || len(s.held) == 0 {
		s.mu.Unlock()
		return
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()

	s.renewing.Lock()
	err := s.renew(context.Background())
	s.renewing.Unlock()
	again := s.lease / 3
	if err != nil {
		again = soon
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beatIn(again)
}

// renew tells Redis of all slots that are held. The caller holds renewing.
func (s *Shared) renew(ctx context.Context) error {
	returns := s.redis.Returns()
	held, err := s.begin()
	if err != nil {
		return err
	}
	err = s.update(ctx, held, true)
	if err == nil && len(held) == 0 {
		// Is it there?
		_, err = s.redis.Eval(ctx, updateScript, nil, s.lease.Milliseconds(), true)
	}
	late := s.end(returns, len(held) > 0, err)
	_ = s.update(ctx, late, false) // what Redis does not hear of expires
	return err
}

// begin begins a renewal of all that are held, in the order of their keys.
func (s *Shared) begin() (held []slot, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// At the start it is worth asking: Redis may be about to be reached.
	if s.redis.Degraded() && (s.returns != 0 || s.unknown) {
		return nil, window.ErrUnavailable
	}
	for key, ids := range s.held {
		for id := range ids {
			held = append(held, slot{key, id})
		}
	}
	s.busy, s.unknown = true, false
	return held, nil
}

// end ends a renewal, and returns what was given back meanwhile.
func (s *Shared) end(returns int64, any bool, err error) (late []slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late = s.late
	s.busy, s.late = false, nil
	switch {
	case err != nil:
		s.unknown = true
	case s.returns != returns:
		if s.returns != 0 || any {
			s.settled = time.Now().Add(settling)
		}
		s.returns = returns
	}
	return late
}

// update tells Redis that slots are held, or that they are free. Those of one
// key are neighbours.
func (s *Shared) update(ctx context.Context, slots []slot, held bool) error {
	for some := range slices.Chunk(slots, together) {
		var keys []string
		arguments := []any{s.lease.Milliseconds(), held}
		for len(some) > 0 {
			key := some[0].key
			n := slices.IndexFunc(some, func(one slot) bool { return one.key != key })
			if n < 0 {
				n = len(some)
			}
			keys, arguments = append(keys, key), append(arguments, n)
			for _, one := range some[:n] {
				arguments = append(arguments, one.id)
			}
			some = some[n:]
		}
		if _, err := s.redis.Eval(ctx, updateScript, keys, arguments...); err != nil {
			return err
		}
	}
	return nil
}
