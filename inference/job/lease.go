package job

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/odordiff/odordiff/inference/store"
)

// Take implements [Queue].
func (q *SQLite) Take(ctx context.Context, n int) (items []Item, err error) {
	if there, err := q.anything(ctx); !there || err != nil {
		return nil, err
	}
	err = q.store.Write(ctx, func(tx *store.Tx) error {
		if err := q.reclaim(tx); err != nil {
			return err
		}
		for len(items) < n {
			item, err := q.next(tx)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			items = append(items, item)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	q.hands.take(items)
	return items, nil
}

// anything reports whether an item may be due or a lease may be over. An idle
// queue asks no more than this, and writes nothing.
func (q *SQLite) anything(ctx context.Context) (there bool, err error) {
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT EXISTS (SELECT 1 FROM shares WHERE waiting > 0)
			OR EXISTS (SELECT 1 FROM items WHERE state = 1 AND leased < ?)`, q.now()).Scan(&there)
	})
	return there, err
}

// next leases the item whose turn it is. It returns [sql.ErrNoRows] where none
// is due.
func (q *SQLite) next(tx *store.Tx) (Item, error) {
	var principals []string
	err := tx.Rows(func(rows *sql.Rows) error {
		principals = append(principals, "")
		return rows.Scan(&principals[len(principals)-1])
	}, "SELECT principal FROM shares WHERE waiting > 0 ORDER BY running, served, principal")
	if err != nil {
		return Item{}, err
	}
	for _, principal := range principals {
		item, err := q.firstOf(tx, principal)
		if errors.Is(err, sql.ErrNoRows) {
			continue // all of them wait for another attempt
		}
		if err == nil {
			_, err = tx.Exec("UPDATE shares SET served = (SELECT max(served) + 1 FROM shares) WHERE principal = ?", principal)
		}
		return item, err
	}
	return Item{}, sql.ErrNoRows
}

// firstOf leases the first item of a principal that is due.
func (q *SQLite) firstOf(tx *store.Tx, principal string) (Item, error) {
	var item Item
	var shared, payload []byte
	now := q.now()
	err := tx.Row(`SELECT items.number, jobs.id, position, attempts + 1, shared, payload
		FROM items JOIN jobs ON jobs.number = items.job
		WHERE items.state = 0 AND items.principal = ? AND due <= ?
		ORDER BY items.priority DESC, items.number LIMIT 1`, principal, now).
		Scan(&item.number, &item.Job, &item.Position, &item.Attempt, &shared, &payload)
	if err != nil {
		return Item{}, err
	}
	if item.Shared, err = store.Unpack(shared); err != nil {
		return Item{}, err
	}
	if item.Payload, err = store.Unpack(payload); err != nil {
		return Item{}, err
	}
	_, err = tx.Exec("UPDATE items SET state = ?, attempts = ?, lease = ?, leased = ? WHERE number = ?",
		running, item.Attempt, q.lease, now+q.config.Lease.Milliseconds(), item.number)
	return item, err
}

// overdue is an item whose lease ran out.
type overdue struct {
	number, job int64
	id, lease   string
	attempts    int
}

// reclaim takes back what nobody renewed: whoever had it is gone. What is in
// hand in this process is not taken back, however late its renewal is: the
// clock may have jumped, or the process may have stood still. An item that was
// begun as often as it may be has failed, for it may well be what ended them.
func (q *SQLite) reclaim(tx *store.Tx) error {
	var all []overdue
	err := tx.Rows(func(rows *sql.Rows) error {
		var o overdue
		err := rows.Scan(&o.number, &o.job, &o.id, &o.lease, &o.attempts)
		all = append(all, o)
		return err
	}, `SELECT items.number, job, id, lease, attempts FROM items JOIN jobs ON jobs.number = job
		WHERE state = 1 AND leased < ? ORDER BY items.number LIMIT 1000`, q.now())
	for _, o := range all {
		if err != nil {
			return err
		}
		if o.lease == q.lease && q.hands.have(o.number, o.attempts) {
			continue
		}
		if o.attempts >= q.config.MaxAttempts {
			err = q.settle(tx, o.number, o.job, Outcome{Failed: true})
			q.changes.tell(o.id)
			continue
		}
		_, err = tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, due = ? WHERE number = ?", waiting, q.now(), o.number)
	}
	return err
}

// Renew implements [Queue].
func (q *SQLite) Renew(ctx context.Context, items []Item) (lost []Item, err error) {
	err = q.store.Write(ctx, func(tx *store.Tx) error {
		until := q.now() + q.config.Lease.Milliseconds()
		for _, item := range items {
			changed, err := tx.Exec("UPDATE items SET leased = ? WHERE "+held, append([]any{until}, q.holds(item)...)...)
			if err != nil {
				return err
			}
			if changed == 0 {
				lost = append(lost, item)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	q.hands.drop(lost...)
	return lost, nil
}

// held is the condition that an item is with who took it, and holds returns its
// values.
const held = "number = ? AND state = 1 AND lease = ? AND attempts = ?"

func (q *SQLite) holds(item Item) []any { return []any{item.number, q.lease, item.Attempt} }

// Finish implements [Queue].
func (q *SQLite) Finish(ctx context.Context, item Item, outcome Outcome) error {
	err := q.store.Write(ctx, func(tx *store.Tx) error {
		var job int64
		err := tx.Row("SELECT job FROM items WHERE "+held, q.holds(item)...).Scan(&job)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLost
		}
		if err != nil {
			return err
		}
		if outcome.Failed && outcome.Retry && item.Attempt < q.config.MaxAttempts {
			_, err := tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, due = ? WHERE number = ?",
				waiting, q.now()+q.wait(item.Attempt).Milliseconds(), item.number)
			return err
		}
		return q.settle(tx, item.number, job, outcome)
	})
	if err == nil || errors.Is(err, ErrLost) {
		q.hands.drop(item)
	}
	if err == nil {
		q.changes.tell(item.Job)
	}
	return err
}

// wait is how long an item waits after an attempt.
func (q *SQLite) wait(attempt int) time.Duration {
	return q.config.Backoff << min(attempt-1, 10)
}

// settle writes the result of an item, and ends the job if it was the last.
// What was asked is not needed any more.
func (q *SQLite) settle(tx *store.Tx, number, job int64, outcome Outcome) error {
	state := done
	if outcome.Failed {
		state = failed
		if len(outcome.Body) == 0 {
			outcome.Body = q.config.GaveUp
		}
	}
	if _, err := tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, payload = x'' WHERE number = ?", state, number); err != nil {
		return err
	}
	now := q.now()
	_, err := tx.Exec(`INSERT INTO results (job, sequence, position, failed, attempts, created, body)
		SELECT job, done + failed, position, ?, attempts, ?, ?
		FROM items JOIN (SELECT number AS job, done, failed FROM jobs WHERE number = ?) USING (job) WHERE items.number = ?`,
		outcome.Failed, now, store.Pack(outcome.Body), job, number)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE jobs SET finished = ?, expires = ?, shared = x'' WHERE number = ? AND waiting + running = 0",
		now, now+q.config.Keep.Milliseconds(), job)
	return err
}

// Release implements [Queue].
func (q *SQLite) Release(ctx context.Context, item Item) error {
	err := q.store.Write(ctx, func(tx *store.Tx) error {
		changed, err := tx.Exec("UPDATE items SET state = 0, attempts = attempts - 1, lease = NULL, leased = NULL WHERE "+held, q.holds(item)...)
		if err == nil && changed == 0 {
			return ErrLost
		}
		return err
	})
	if err == nil || errors.Is(err, ErrLost) {
		q.hands.drop(item)
	}
	if err == nil {
		q.changes.wake()
	}
	return err
}
