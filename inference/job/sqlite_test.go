package job

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/odordiff/odordiff/inference/store"
)

// openStore opens a store whose writes do not wait for the disk: the tests of
// the store hold that.
func openStore(t fataler) *store.Store {
	t.Helper()
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := store.Open(context.Background(), store.Config{Path: filepath.Join(dir, "records.db"), Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newQueue(t fataler, change func(*Config)) (*SQLite, *clock) {
	t.Helper()
	c, config := configured(change)
	return NewSQLite(openStore(t), config), c
}

func openSQLite(t fataler, change func(*Config)) (*kept, *clock) {
	t.Helper()
	q, c := newQueue(t, change)
	return &kept{q, func() Queue { return NewSQLite(q.store, q.config) }}, c
}

func TestWhatWasAskedIsKeptNoLongerThanNeeded(t *testing.T) {
	q, _ := newQueue(t, nil)
	ended, cancelled := submit(t, q, submission("ada", 1)), submit(t, q, submission("ada", 1))
	bytesOf := func(id string) (n int) {
		t.Helper()
		err := q.store.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row("SELECT sum(length(payload)) + length(shared) FROM items JOIN jobs ON jobs.number = job WHERE id = ?", id).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if bytesOf(ended.ID) == 0 || bytesOf(cancelled.ID) == 0 {
		t.Error("what was asked is gone before it was answered")
	}
	finish(t, q, take(t, q, 1)[0], Outcome{Body: []byte("done")})
	if _, err := q.Cancel(t.Context(), "ada", cancelled.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{ended.ID, cancelled.ID} {
		if n := bytesOf(id); n > 0 {
			t.Errorf("%d bytes are kept of a job that is over", n)
		}
	}
}
