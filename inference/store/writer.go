package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// mostTogether is how many writes share a transaction at most.
const mostTogether = 256

// write is a caller's part of a transaction.
type write struct {
	do   func(*Tx) error
	done chan error // has room for the one outcome
	// taken is set once, by the writer that begins with it or by the caller
	// who gives up. So a caller always knows whether it was done.
	taken atomic.Bool
	err   error
}

// Write calls do in a transaction, and returns nil once what it wrote is on the
// disk. After any error nothing of it was written; do's own errors are returned
// as they are. Writes that wait together share one transaction, in which each
// sees those before it. Where ctx is done before its turn, do is not called and
// ctx's error is returned. do must not call Write.
func (s *Store) Write(ctx context.Context, do func(*Tx) error) error {
	w := newWrite(do)
	if err := s.queue(ctx, w); err != nil {
		return err
	}
	return s.await(ctx, w)
}

func newWrite(do func(*Tx) error) *write { return &write{do: do, done: make(chan error, 1)} }

// await waits for the end of a write that is queued.
func (s *Store) await(ctx context.Context, w *write) error {
	select {
	case err := <-w.done:
		return err
	case <-s.written:
		select {
		case err := <-w.done:
			return err
		default:
			return ErrClosed // it came behind the last one
		}
	case <-ctx.Done():
		if w.taken.CompareAndSwap(false, true) {
			s.figures.timeouts.Add(1)
			return ctx.Err()
		}
		return <-w.done // it has begun, so say how it ended
	}
}

func (s *Store) queue(ctx context.Context, w *write) error {
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case s.writes <- w:
		return nil
	case <-ctx.Done():
		s.figures.timeouts.Add(1)
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
}

// writeAll does what is queued until the store is closed, and then the rest.
func (s *Store) writeAll(c *conn) {
	defer close(s.written)
	w := &writer{store: s, conn: c}
	defer w.close()
	for {
		select {
		case first := <-s.writes:
			w.commit(s.together(first))
		case <-s.closing:
			w.finish()
			return
		}
	}
}

// together returns a write and those that wait behind it. Nobody waits for
// more: while a transaction is on its way to the disk, the next one gathers.
func (s *Store) together(first *write) []*write {
	batch := []*write{first}
	for len(batch) < mostTogether {
		select {
		case next := <-s.writes:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// writer is the one that writes, over a connection that it opens anew when the
// time of the last is over or something happened to it.
type writer struct {
	store *Store
	conn  *conn
}

// finish does what is still queued.
func (w *writer) finish() {
	for {
		select {
		case next := <-w.store.writes:
			w.commit([]*write{next})
		default:
			return
		}
	}
}

// commit does a batch in one transaction and tells each caller how it went.
func (w *writer) commit(batch []*write) {
	start := time.Now()
	done, err := w.transact(batch)
	err = w.store.explain(err)
	w.store.trouble.note(err)
	if fault, ok := errors.AsType[*Error](err); ok && fault.Reason == ReadOnly {
		// They share what SQLite knows of the file, and so the fault.
		_ = w.store.readers.close()
	}
	if err == nil {
		w.store.figures.commits.Add(1)
		w.store.figures.writes.Add(uint64(done))
		w.store.figures.committing.Add(int64(time.Since(start)))
	}
	for _, one := range batch {
		if err != nil && (one.err == nil || isFault(one.err)) {
			one.err = err
		}
		one.done <- one.err
	}
}

// transact runs a batch. Its error is that of the whole transaction; one that
// only a single write has is kept in the write.
func (w *writer) transact(batch []*write) (done int, err error) {
	if err := w.ready(); err != nil {
		return 0, err
	}
	// no caller's context: one who leaves interrupts nobody else
	tx := &Tx{context.Background(), w.conn}
	if _, err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return 0, w.failed(tx, err)
	}
	for _, one := range batch {
		if !one.taken.CompareAndSwap(false, true) {
			continue // its caller has left
		}
		if err := within(tx, one); err != nil {
			return 0, w.failed(tx, err)
		}
		done++
	}
	if _, err := tx.Exec("COMMIT"); err != nil {
		return 0, w.failed(tx, err)
	}
	return done, nil
}

// within runs one write so that its failure undoes nothing else. It returns the
// error that ends the whole transaction.
func within(tx *Tx, one *write) error {
	if _, err := tx.Exec("SAVEPOINT one"); err != nil {
		return err
	}
	one.err = protected(tx, one.do)
	if isFault(one.err) { // SQLite may have ended the transaction
		return one.err
	}
	if one.err != nil {
		if _, err := tx.Exec("ROLLBACK TO one"); err != nil {
			return err
		}
	}
	_, err := tx.Exec("RELEASE one")
	return err
}

// protected turns a panic into an error: the writer's goroutine is not the
// caller's, and others wait for it.
func protected(tx *Tx, do func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return do(tx)
}

// failed undoes what is left of a transaction and returns its error.
func (w *writer) failed(tx *Tx, err error) error {
	_, _ = tx.Exec("ROLLBACK") // fails where SQLite has undone it already
	w.conn.broken = true
	return err
}

// ready sees to it that there is a connection, and that the file is the one
// that was opened: SQLite would go on writing to one that was deleted.
func (w *writer) ready() error {
	now, err := os.Stat(w.store.config.Path)
	if err != nil || !os.SameFile(now, w.store.file) {
		return w.store.fault(Moved, err)
	}
	if w.conn != nil && !w.conn.broken && time.Now().Before(w.conn.expires) {
		return nil
	}
	if w.conn != nil {
		w.store.figures.replaced.Add(1)
	}
	w.close()
	if w.conn, err = w.store.connect(context.Background(), true); err != nil {
		return err
	}
	return w.store.thaw()
}

func (w *writer) close() {
	if w.conn != nil {
		_ = w.conn.close() // what was acknowledged is on the disk
		w.conn = nil
	}
}
