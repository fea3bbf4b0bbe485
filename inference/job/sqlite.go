package job

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// Config configures a queue. The zero value of each field is its default.
type Config struct {
	// MaxShare is how many items of one principal may be open, MaxOpen of all.
	// Defaults: 5,000 and 50,000.
	MaxShare, MaxOpen int
	// MaxJobs is how many jobs of one principal are kept, those that are over
	// included. Default: 1,000.
	MaxJobs int
	// Keep is how long a job is kept from its end on, and the longest time that
	// it may take. Default: seven days.
	Keep time.Duration
	// Lease is how long an item stays with who took it, if it is not renewed.
	// Default: 15 s.
	Lease time.Duration
	// MaxAttempts is how often an item is tried, without the times when the
	// process ended meanwhile. Default: 4.
	MaxAttempts int
	// MaxAbandoned is how many processes may end while they have an item, before
	// it is given up: it may well be what ended them. From the first time on it
	// runs alone. Default: 3.
	MaxAbandoned int
	// Backoff is how long the second attempt waits. Each further one waits
	// twice as long. Default: 2 s.
	Backoff time.Duration
	// GaveUp is the result of an item that failed and says nothing of it, as one
	// with which MaxAbandoned processes ended. Default: empty.
	GaveUp []byte
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

func (c *Config) setDefaults() {
	setDefault(&c.MaxShare, 5000)
	setDefault(&c.MaxOpen, 50_000)
	setDefault(&c.MaxJobs, 1000)
	setDefault(&c.Keep, 7*24*time.Hour)
	setDefault(&c.Lease, 15*time.Second)
	setDefault(&c.MaxAttempts, 4)
	setDefault(&c.MaxAbandoned, 3)
	setDefault(&c.Backoff, 2*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
}

// wait is how long an item waits after an attempt.
func (c *Config) wait(attempt int) time.Duration { return c.Backoff << min(attempt-1, 10) }

func setDefault[T int | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}

// The states of an item.
const (
	waiting = iota
	running
	done
	failed
	dropped
)

// SQLite is a queue in a store. Several processes may work on one file.
type SQLite struct {
	store   *store.Store
	config  Config
	lease   string // whose items are ours
	changes *changes
	hands   hands
	// apart says that items were held back because one has to run alone.
	apart atomic.Bool
}

// Interface guard
var _ Queue = (*SQLite)(nil)

// NewSQLite returns the queue of a store.
func NewSQLite(s *store.Store, config Config) *SQLite {
	config.setDefaults()
	return &SQLite{
		store:   s,
		config:  config,
		lease:   rand.Text(),
		changes: newChanges(),
		hands:   hands{items: map[int64]inHand{}},
	}
}

func (q *SQLite) now() int64 { return q.config.Now().UnixMilli() }

// Submit implements [Queue].
func (q *SQLite) Submit(ctx context.Context, s Submission) (job Job, err error) {
	err = q.store.Write(ctx, func(tx *store.Tx) error {
		job, err = q.submit(tx, s)
		return err
	})
	if err != nil {
		return Job{}, err
	}
	q.changes.wake()
	return job, nil
}

func (q *SQLite) submit(tx *store.Tx, s Submission) (Job, error) {
	if s.Key != "" {
		known, err := sameKey(tx, s)
		if !errors.Is(err, sql.ErrNoRows) {
			return known, err
		}
	}
	if err := q.room(tx, s.Principal, len(s.Payloads)); err != nil {
		return Job{}, err
	}
	now, id := q.now(), rand.Text()
	_, err := tx.Exec(`INSERT INTO jobs (id, principal, key, digest, shared, priority, created, expires, total, waiting)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, s.Principal, sql.NullString{String: s.Key, Valid: s.Key != ""}, s.Digest, store.Pack(s.Shared), s.Priority,
		now, now+q.config.Keep.Milliseconds(), len(s.Payloads), len(s.Payloads))
	if err != nil {
		return Job{}, err
	}
	number, job, err := find(tx, s.Principal, id)
	if err != nil {
		return Job{}, err
	}
	for position, payload := range s.Payloads {
		if _, err := tx.Exec("INSERT INTO items (job, position, principal, priority, payload, due) VALUES (?, ?, ?, ?, ?, 0)",
			number, position, s.Principal, s.Priority, store.Pack(payload)); err != nil {
			return Job{}, err
		}
	}
	_, err = tx.Exec(`INSERT INTO shares (principal, waiting) VALUES (?, ?)
		ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting`, s.Principal, len(s.Payloads))
	return job, err
}

// sameKey returns the job that the key came with before, or [sql.ErrNoRows].
func sameKey(tx *store.Tx, s Submission) (Job, error) {
	var id string
	var digest []byte
	err := tx.Row("SELECT id, digest FROM jobs WHERE principal = ? AND key = ?", s.Principal, s.Key).Scan(&id, &digest)
	switch {
	case err != nil:
		return Job{}, err
	case !bytes.Equal(digest, s.Digest):
		return Job{}, ErrReused
	}
	_, job, err := find(tx, s.Principal, id)
	return job, err
}

// room returns an error where there is no room for so many items more.
func (q *SQLite) room(tx *store.Tx, principal string, more int) error {
	var own, all, jobs int
	if err := tx.Row("SELECT coalesce(sum(waiting + running), 0), coalesce(sum((waiting + running) * (principal = ?)), 0) FROM shares", principal).
		Scan(&all, &own); err != nil {
		return err
	}
	if err := tx.Row("SELECT count(*) FROM jobs WHERE principal = ?", principal).Scan(&jobs); err != nil {
		return err
	}
	switch {
	case own+more > q.config.MaxShare:
		return ErrShareFull
	case jobs >= q.config.MaxJobs:
		return ErrTooManyJobs
	case all+more > q.config.MaxOpen:
		return ErrFull
	}
	return nil
}

// Job implements [Queue].
func (q *SQLite) Job(ctx context.Context, principal, id string) (job Job, err error) {
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		_, job, err = find(tx, principal, id)
		return err
	})
	return job, err
}

const columns = "number, id, priority, cancelled, created, finished, expires, total, waiting, running, done, failed, dropped"

// scanner is a row of one or of many.
type scanner interface{ Scan(into ...any) error }

func scan(row scanner) (number int64, job Job, err error) {
	var cancelled bool
	var created, expires int64
	var finished sql.NullInt64
	err = row.Scan(&number, &job.ID, &job.Priority, &cancelled, &created, &finished, &expires,
		&job.Total, &job.Waiting, &job.Running, &job.Done, &job.Failed, &job.Dropped)
	job.Created, job.Expires = time.UnixMilli(created), time.UnixMilli(expires)
	if finished.Valid {
		job.Finished = time.UnixMilli(finished.Int64)
	}
	job.State = job.state(cancelled)
	return number, job, err
}

// find returns a job of a principal, and its number.
func find(tx *store.Tx, principal, id string) (int64, Job, error) {
	number, job, err := scan(tx.Row("SELECT "+columns+" FROM jobs WHERE id = ? AND principal = ?", id, principal))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, Job{}, ErrNotFound
	}
	return number, job, err
}

// List implements [Queue].
func (q *SQLite) List(ctx context.Context, principal, before string, limit int) (jobs []Job, err error) {
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		var below int64 = 1<<63 - 1
		if before != "" {
			if below, _, err = find(tx, principal, before); err != nil {
				return err
			}
		}
		return tx.Rows(func(rows *sql.Rows) error {
			_, job, err := scan(rows)
			jobs = append(jobs, job)
			return err
		}, "SELECT "+columns+" FROM jobs WHERE principal = ? AND number < ? ORDER BY number DESC LIMIT ?", principal, below, limit)
	})
	return jobs, err
}

// Results implements [Queue].
func (q *SQLite) Results(ctx context.Context, principal, id string, page Page) (results []Result, job Job, err error) {
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		var number int64
		if number, job, err = find(tx, principal, id); err != nil {
			return err
		}
		size := 0
		err = tx.Rows(func(rows *sql.Rows) error {
			r, err := scanResult(rows)
			results = append(results, r)
			if size += len(r.Body); err == nil && size >= largestPage {
				return errEnough
			}
			return err
		}, `SELECT sequence, position, failed, attempts, created, body FROM results
			WHERE job = ? AND sequence > ? AND failed >= ? ORDER BY sequence LIMIT ?`, number, page.After, page.Failed, page.Limit)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return results, job, err
}

// errEnough ends a page before its limit.
var errEnough = errors.New("the page is large enough")

func scanResult(rows *sql.Rows) (r Result, err error) {
	var created int64
	var body []byte
	if err := rows.Scan(&r.Sequence, &r.Position, &r.Failed, &r.Attempts, &created, &body); err != nil {
		return r, err
	}
	r.Created = time.UnixMilli(created)
	r.Body, err = store.Unpack(body)
	return r, err
}

// Cancel implements [Queue].
func (q *SQLite) Cancel(ctx context.Context, principal, id string) (job Job, err error) {
	err = q.store.Write(ctx, func(tx *store.Tx) error {
		var number int64
		if number, job, err = find(tx, principal, id); err != nil || job.Final() {
			return err
		}
		if err := q.cancel(tx, number); err != nil {
			return err
		}
		_, job, err = find(tx, principal, id)
		return err
	})
	if err == nil && job.State == Cancelled {
		q.hands.revoke(id)
	}
	q.changes.tell(id)
	return job, err
}

func (q *SQLite) cancel(tx *store.Tx, number int64) error {
	if _, err := tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, payload = x'' WHERE job = ? AND state IN (?, ?)", dropped, number, waiting, running); err != nil {
		return err
	}
	now := q.now()
	_, err := tx.Exec("UPDATE jobs SET cancelled = 1, finished = ?, expires = ?, shared = x'' WHERE number = ?", now, now+q.config.Keep.Milliseconds(), number)
	return err
}

// Depth implements [Queue].
func (q *SQLite) Depth(ctx context.Context) (waiting, running int, err error) {
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row("SELECT coalesce(sum(waiting), 0), coalesce(sum(running), 0) FROM shares").Scan(&waiting, &running)
	})
	return waiting, running, err
}

// Changed implements [Queue].
func (q *SQLite) Changed(id string) <-chan struct{} { return q.changes.of(id) }

// Wake implements [Queue].
func (q *SQLite) Wake() <-chan struct{} { return q.changes.woken }
