package backup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Schedule makes rounds, such as of a snapshot and a drill of it, until its
// context ends.
type Schedule struct {
	// Every is from one round's beginning to the next.
	Every time.Duration
	// Round makes one. A failed drill is a failed round: what cannot be restored
	// is no backup.
	Round func(context.Context) error
	// Failed is called with the error of each round that fails.
	Failed func(error)

	mu     sync.Mutex
	status Status
}

// Status says how the rounds went.
type Status struct {
	// Began is when the last round began; zero before the first.
	Began time.Time
	// Succeeded is when the last good round began; zero before it.
	Succeeded time.Time
	// Took is how long the last good round took.
	Took time.Duration
	// Failures is how many rounds have failed since, and Error is what the last
	// one said.
	Failures int
	Error    error
}

const (
	// firstRetry is how soon a failed round is tried again. The wait doubles with
	// each failure, up to the usual time between rounds.
	firstRetry = time.Minute
	// jitter is which share of a wait is left to chance, so that many machines do
	// not write at the same moment.
	jitter = 0.1
)

// Status returns how the rounds went until now.
func (s *Schedule) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Health returns nil if backups are as they should be: the last round was good,
// and it is no older than two rounds should be.
func (s *Schedule) Health() error {
	status := s.Status()
	age := time.Since(status.Succeeded)
	switch {
	case status.Error != nil:
		return fmt.Errorf("%d rounds failed: %w", status.Failures, status.Error)
	case status.Began.IsZero():
		return errors.New("no round has ended yet")
	case !status.Succeeded.IsZero() && age > 2*s.Every+status.Took:
		return fmt.Errorf("the last good round began %s ago", age.Round(time.Second))
	}
	return nil
}

// Run makes a round at once and then on schedule, until the context ends.
func (s *Schedule) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := s.Round(ctx)
		if ctx.Err() != nil {
			return // It was broken off.
		}
		if err != nil && s.Failed != nil {
			s.Failed(err)
		}
		wait := s.note(began, err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// note keeps how a round went, and returns the wait until the next.
func (s *Schedule) note(began time.Time, err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Began, s.status.Error = began, err
	if err == nil {
		s.status.Succeeded, s.status.Took, s.status.Failures = began, time.Since(began), 0
		return spread(s.Every - time.Since(began))
	}
	s.status.Failures++
	wait := s.Every
	if doublings := s.status.Failures - 1; doublings < 20 {
		wait = min(wait, firstRetry<<doublings)
	}
	return spread(wait)
}

// spread leaves a share of a wait to chance.
func spread(wait time.Duration) time.Duration {
	wait = max(wait, 0)
	return wait - time.Duration(rand.Float64()*jitter*float64(wait)) //nolint:gosec // jitter needs no secrecy
}
