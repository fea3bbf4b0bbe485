package job

import (
	"context"
	"database/sql"
	"errors"

	"github.com/odordiff/odordiff/inference/store"
)

// tidied is how many jobs are forgotten before their room is given back.
const tidied = 100

// Sweep implements [Queue]. Each job is a write of its own, so that nobody
// waits long.
func (q *SQLite) Sweep(ctx context.Context) error {
	for {
		none, err := q.sweepSome(ctx)
		if err = errors.Join(err, q.tidy(ctx)); none || err != nil {
			return err
		}
	}
}

// sweepSome ends or forgets a few jobs. It reports whether none is left.
func (q *SQLite) sweepSome(ctx context.Context) (none bool, err error) {
	for range tidied {
		err := q.store.Write(ctx, func(tx *store.Tx) error {
			err := q.sweepOne(tx)
			if none = errors.Is(err, sql.ErrNoRows); none {
				return nil
			}
			return err
		})
		if none || err != nil {
			return none, err
		}
	}
	return false, nil
}

// sweepOne ends or forgets the job that expired first. It returns
// [sql.ErrNoRows] where there is none.
func (q *SQLite) sweepOne(tx *store.Tx) error {
	var number int64
	var final bool
	if err := tx.Row("SELECT number, finished IS NOT NULL FROM jobs WHERE expires < ? ORDER BY expires LIMIT 1", q.now()).
		Scan(&number, &final); err != nil {
		return err
	}
	if !final {
		return q.cancel(tx, number)
	}
	for _, statement := range []string{
		"DELETE FROM results WHERE job = ?", "DELETE FROM items WHERE job = ?", "DELETE FROM jobs WHERE number = ?",
	} {
		if _, err := tx.Exec(statement, number); err != nil {
			return err
		}
	}
	return nil
}

// tidy drops shares of those who have nothing open, and gives room back to the
// disk.
func (q *SQLite) tidy(ctx context.Context) error {
	return q.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("DELETE FROM shares WHERE waiting = 0 AND running = 0"); err != nil {
			return err
		}
		return tx.Rows(func(*sql.Rows) error { return nil }, "PRAGMA incremental_vacuum(1000)")
	})
}
