// Package job keeps batches of work until they are done: a job has items, each
// of which becomes a result, whatever happens to the process meanwhile. [Queue]
// is where jobs are kept: [SQLite] in a file, [Redis] in a server that several
// machines share. [Runner] works on what a queue hands out.
package job

import (
	"context"
	"errors"
	"time"
)

// Submission is a job as it is handed in.
type Submission struct {
	// Principal is whose job it is.
	Principal string
	// Key makes handing in the same job twice harmless; empty for none.
	Key string
	// Digest is of all that was asked: the same key with another digest is
	// refused.
	Digest []byte
	// Priority says which of a principal's items come first: the larger.
	Priority int
	// Shared is what all items have in common, and Payloads is each item's own.
	Shared   []byte
	Payloads [][]byte
}

// State says how far a job is.
type State string

// The states of a job. The last two are final.
const (
	Waiting   State = "waiting"   // nothing of it was begun
	Running   State = "running"   // some of it was
	Finished  State = "finished"  // each item is done or failed
	Cancelled State = "cancelled" // what was not done by then was dropped
)

// Job is how a job stands.
type Job struct {
	ID       string
	Priority int
	State    State
	Created  time.Time
	// Finished is zero before the job's final state. Expires is when the job is
	// forgotten, or cancelled if it is not final by then.
	Finished, Expires time.Time
	// Total items are in these states.
	Total, Waiting, Running, Done, Failed, Dropped int
}

// Final reports whether no result is to come any more.
func (j *Job) Final() bool { return j.State == Finished || j.State == Cancelled }

func (j *Job) state(cancelled bool) State {
	switch {
	case cancelled:
		return Cancelled
	case !j.Finished.IsZero():
		return Finished
	case j.Waiting == j.Total:
		return Waiting
	}
	return Running
}

// Item is a piece of work that was handed out. Only who holds its lease can
// finish it.
type Item struct {
	// Job is the job's id, Position the item's place in it, from 0.
	Job      string
	Position int
	// Attempt counts from 1.
	Attempt         int
	Shared, Payload []byte

	number int64 // in the queue
	// gone is closed when the job is cancelled in this process. Nil: only
	// [Queue.Renew] tells of it.
	gone <-chan struct{}
}

// Outcome is how an attempt at an item ended.
type Outcome struct {
	// Body is the result, or what is wrong.
	Body []byte
	// Failed says that there is no result, Retry that another attempt may have
	// one.
	Failed, Retry bool
}

// Result is the outcome of an item that is settled for good.
type Result struct {
	// Sequence is the place among the job's results in the order in which they
	// came, from 1.
	Sequence int
	Position int
	Failed   bool
	Attempts int
	Created  time.Time
	Body     []byte
}

// Page is a part of a job's results.
type Page struct {
	// After is the sequence behind which the page begins, 0 for the first.
	After int
	// Limit is how many results it has at most. It ends earlier where their
	// bodies have 1 MiB together.
	Limit int
	// Failed leaves out those that did not fail.
	Failed bool
}

// largestPage is with how many bytes of bodies a page ends before its limit.
const largestPage = 1 << 20

// Full reports whether a page has room for no more results, so that others may
// follow.
func (p Page) Full(results []Result) bool {
	size := 0
	for _, r := range results {
		size += len(r.Body)
	}
	return len(results) >= p.Limit || size >= largestPage
}

// Errors of a queue, beside those of where it is kept.
var (
	// ErrNotFound says that the principal has no such job.
	ErrNotFound = errors.New("there is no such job")
	// ErrReused says that an idempotency key came with another job before.
	ErrReused = errors.New("the idempotency key belongs to another job")
	// ErrShareFull says that the principal has as many items open as it may.
	ErrShareFull = errors.New("too many items of the principal are open")
	// ErrTooManyJobs says that as many jobs of the principal are kept as may be.
	ErrTooManyJobs = errors.New("too many jobs of the principal are kept")
	// ErrFull says that all together have as many items open as they may.
	ErrFull = errors.New("too many items are open")
	// ErrLost says that an item is not the caller's any more: its job was
	// cancelled, or its lease ran out.
	ErrLost = errors.New("the item was taken away")
	// ErrUnavailable says that a queue cannot be reached, read or written.
	ErrUnavailable = errors.New("the queue is not available")
)

// Queue keeps jobs. What it acknowledged outlives the process. It is safe for
// concurrent use.
type Queue interface {
	// Submit takes a job in. For a key that the principal has used it returns
	// the job of then, or ErrReused. It returns ErrShareFull, ErrTooManyJobs or
	// ErrFull where there is no room.
	Submit(ctx context.Context, s Submission) (Job, error)
	// Job returns how a principal's job stands, List those before a job, or all
	// for an empty id, the newest first.
	Job(ctx context.Context, principal, id string) (Job, error)
	List(ctx context.Context, principal, before string, limit int) ([]Job, error)
	// Results returns a part of a job's results, in the order in which they
	// came, and how the job stood at that moment.
	Results(ctx context.Context, principal, id string, page Page) ([]Result, Job, error)
	// Cancel drops what is not done. A final job stays as it is.
	Cancel(ctx context.Context, principal, id string) (Job, error)
	// Changed returns a channel that is closed when the job may have changed.
	Changed(id string) <-chan struct{}

	// Take hands out up to n items whose time has come, with a lease. The next
	// one is of the principal that has the fewest running, or had its turn the
	// longest ago. An item with which a process ended comes alone: before it is
	// handed out nothing else is, until the caller has nothing in hand, and then
	// nothing until it is finished.
	Take(ctx context.Context, n int) ([]Item, error)
	// Renew prolongs leases, and returns the items that were lost.
	Renew(ctx context.Context, items []Item) (lost []Item, err error)
	// Finish settles an item. What may be retried waits for a while and comes
	// again, a few times. It returns ErrLost where that is not the caller's
	// business any more; then nothing was changed.
	Finish(ctx context.Context, item Item, outcome Outcome) error
	// Release gives an item back as if it had not been taken.
	Release(ctx context.Context, item Item) error
	// Sweep forgets what has expired.
	Sweep(ctx context.Context) error
	// Wake receives when there may be something to take.
	Wake() <-chan struct{}
	// Depth returns how many items wait and run.
	Depth(ctx context.Context) (waiting, running int, err error)
}
