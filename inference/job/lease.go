package job

import (
	"context"
	"database/sql"
	"errors"

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
		if err := q.ripen(tx); err != nil {
			return err
		}
		if n > 0 {
			items, err = q.choose(tx, n)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	q.hands.take(items)
	return items, nil
}

// anything reports whether an item is due or a lease over. An idle queue asks
// no more than this, and writes nothing.
func (q *SQLite) anything(ctx context.Context) (there bool, err error) {
	now := q.now()
	err = q.store.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT EXISTS (SELECT 1 FROM items WHERE state = 0 AND due = 0 AND abandoned = 0)
			OR EXISTS (SELECT 1 FROM items WHERE state = 0 AND due = 0 AND abandoned > 0)
			OR EXISTS (SELECT 1 FROM items WHERE state = 0 AND due > 0 AND due <= ?)
			OR EXISTS (SELECT 1 FROM items WHERE state = 1 AND leased < ?)`, now, now).Scan(&there)
	})
	return there, err
}

// ripen lets those have their turn whose wait for another attempt is over.
func (q *SQLite) ripen(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE items SET due = 0 WHERE state = 0 AND due > 0 AND due <= ?", q.now())
	return err
}

// choose leases up to n items, or one that has to run alone.
func (q *SQLite) choose(tx *store.Tx, n int) ([]Item, error) {
	if items, apart, err := q.suspect(tx); apart || err != nil {
		q.apart.Store(true)
		return items, err
	}
	var items []Item
	for len(items) < n {
		item, err := q.next(tx)
		if errors.Is(err, sql.ErrNoRows) {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// suspect leases an item with which a process ended, if this process has
// nothing else to do. So it ends alone if the item ends it again. It reports
// whether there is such an item, so that nothing else may be begun.
func (q *SQLite) suspect(tx *store.Tx) (items []Item, apart bool, err error) {
	var busy, suspects int
	err = tx.Row("SELECT count(*), coalesce(sum(abandoned > 0), 0) FROM items WHERE state = 1 AND lease = ?", q.lease).
		Scan(&busy, &suspects)
	if suspects > 0 || err != nil {
		return nil, true, err
	}
	var principal string
	var number int64
	err = tx.Row("SELECT principal, number FROM items WHERE state = 0 AND due = 0 AND abandoned > 0 ORDER BY number LIMIT 1").
		Scan(&principal, &number)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case busy > 0 || err != nil:
		return nil, true, err
	}
	item, err := q.begin(tx, principal, number)
	return []Item{item}, true, err
}

// next leases the item whose turn it is. It returns [sql.ErrNoRows] where none
// is due.
func (q *SQLite) next(tx *store.Tx) (Item, error) {
	var principal string
	err := tx.Row(`SELECT principal FROM shares WHERE waiting > 0 AND EXISTS (
		SELECT 1 FROM items WHERE items.principal = shares.principal AND state = 0 AND due = 0 AND abandoned = 0)
		ORDER BY running, served, principal LIMIT 1`).Scan(&principal)
	if err != nil {
		return Item{}, err
	}
	var number int64
	err = tx.Row(`SELECT number FROM items WHERE principal = ? AND state = 0 AND due = 0 AND abandoned = 0
		ORDER BY priority DESC, number LIMIT 1`, principal).Scan(&number)
	if err != nil {
		return Item{}, err
	}
	return q.begin(tx, principal, number)
}

// begin leases an item. That was its principal's turn.
func (q *SQLite) begin(tx *store.Tx, principal string, number int64) (Item, error) {
	item := Item{number: number}
	var shared, payload []byte
	err := tx.Row(`SELECT jobs.id, position, attempts + 1, shared, payload
		FROM items JOIN jobs ON jobs.number = items.job WHERE items.number = ?`, number).
		Scan(&item.Job, &item.Position, &item.Attempt, &shared, &payload)
	if err != nil {
		return Item{}, err
	}
	if item.Shared, err = store.Unpack(shared); err != nil {
		return Item{}, err
	}
	if item.Payload, err = store.Unpack(payload); err != nil {
		return Item{}, err
	}
	if _, err := tx.Exec("UPDATE items SET state = ?, attempts = ?, lease = ?, leased = ? WHERE number = ?",
		running, item.Attempt, q.lease, q.now()+q.config.Lease.Milliseconds(), number); err != nil {
		return Item{}, err
	}
	_, err = tx.Exec("UPDATE shares SET served = (SELECT max(served) + 1 FROM shares) WHERE principal = ?", principal)
	return item, err
}

// overdue is an item whose lease ran out.
type overdue struct {
	number, job int64
	id, lease   string
	attempts    int
	abandoned   int // before this time
}

// reclaim takes back what nobody renewed: whoever had it is gone. What is in
// hand in this process is not taken back, however late its renewal is: the
// clock may have jumped, or the process may have stood still.
func (q *SQLite) reclaim(tx *store.Tx) error {
	var all []overdue
	err := tx.Rows(func(rows *sql.Rows) error {
		var o overdue
		err := rows.Scan(&o.number, &o.job, &o.id, &o.lease, &o.attempts, &o.abandoned)
		all = append(all, o)
		return err
	}, `SELECT items.number, job, id, lease, attempts, abandoned FROM items JOIN jobs ON jobs.number = job
		WHERE state = 1 AND leased < ? ORDER BY items.number LIMIT 1000`, q.now())
	for _, o := range all {
		if err != nil {
			return err
		}
		if o.lease == q.lease && q.hands.have(o.number, o.attempts) {
			continue
		}
		if o.abandoned+1 >= q.config.MaxAbandoned {
			err = q.settle(tx, o.number, o.job, Outcome{Failed: true})
			q.changes.tell(o.id)
			continue
		}
		_, err = tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, due = 0, abandoned = abandoned + 1 WHERE number = ?", waiting, o.number)
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
		var abandoned int
		err := tx.Row("SELECT job, abandoned FROM items WHERE "+held, q.holds(item)...).Scan(&job, &abandoned)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLost
		}
		if err != nil {
			return err
		}
		if tried := item.Attempt - abandoned; outcome.Failed && outcome.Retry && tried < q.config.MaxAttempts {
			_, err := tx.Exec("UPDATE items SET state = ?, lease = NULL, leased = NULL, due = ? WHERE number = ?",
				waiting, q.now()+q.config.wait(tried).Milliseconds(), item.number)
			return err
		}
		return q.settle(tx, item.number, job, outcome)
	})
	if err == nil || errors.Is(err, ErrLost) {
		q.hands.drop(item)
	}
	if err == nil {
		q.changes.tell(item.Job)
		q.wakeApart()
	}
	return err
}

// wakeApart says that what was held back may have its turn.
func (q *SQLite) wakeApart() {
	if q.apart.Swap(false) {
		q.changes.wake()
	}
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
