// Package store keeps records in one SQLite file: jobs, their results, and
// feedback. It is a pool that fits SQLite, which takes one writer at a time:
// writes that wait together become one transaction, and so share the wait for
// the disk. A write that returned without an error is on the disk.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
)

// Config configures a store. The zero value of each field but Path is its
// default.
type Config struct {
	// Path is the database file. Its directory is made where it is missing; two
	// files more, with the endings -wal and -shm, come to lie beside it.
	Path string
	// Readers is how many reads run at once; more wait. Default: 4.
	Readers int
	// Busy is how long a write waits for another process that holds the file.
	// Default: 5 s.
	Busy time.Duration
	// Lifetime is how long a connection is used before a new one takes its
	// place, give or take a fifth. Default: 30 min.
	Lifetime time.Duration
	// Checkpoint is how many pages the write-ahead log has when it is put back
	// into the database. Negative: only [Store.Checkpoint] does that, as one
	// wants it who copies the log elsewhere. Default: 1000, which is 4 MB.
	Checkpoint int
	// MaxSize bounds the database, in bytes, which are rounded up to pages of
	// 4 KiB. A larger one that is there stays, and does not grow. Default: no
	// bound.
	MaxSize int64
	// Relaxed leaves out the wait for the disk. A killed process loses nothing,
	// but a machine that loses power may lose the last writes.
	Relaxed bool
	// Logger is told of slow checks and of checkpoints that fail. Default:
	// nothing is logged.
	Logger *slog.Logger

	migrations fs.FS // of tests
}

func (c *Config) setDefaults() error {
	switch {
	case c.Path == "":
		return errors.New("store: a Path is missing")
	case c.Readers < 0 || c.Busy < 0 || c.Lifetime < 0 || c.MaxSize < 0:
		return errors.New("store: Readers, Busy, Lifetime and MaxSize must not be negative")
	}
	if c.Readers == 0 {
		c.Readers = 4
	}
	if c.Busy == 0 {
		c.Busy = 5 * time.Second
	}
	if c.Lifetime == 0 {
		c.Lifetime = 30 * time.Minute
	}
	if c.Checkpoint == 0 {
		c.Checkpoint = 1000
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.migrations == nil {
		c.migrations = shipped
	}
	path, err := filepath.Abs(c.Path)
	c.Path = path
	return err
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	config  Config
	db      *sql.DB
	file    os.FileInfo // the file as it was opened
	readers *pool
	writes  chan *write
	closing chan struct{}
	written chan struct{} // closed when the writer has ended
	once    sync.Once
	figures figures
	trouble trouble
	frozen  atomic.Pointer[sql.DB] // nil where the file can be written
}

// Open opens the store, checks it, and brings its tables up to date. Errors are
// an [*Error] where the file or the disk is at fault. A store that lacks
// nothing opens also where nothing can be written: then reads go well, and
// writes as soon as they can.
func Open(ctx context.Context, config Config) (*Store, error) {
	if err := config.setDefaults(); err != nil {
		return nil, err
	}
	// fdatasync keeps the same promise as fsync and is quicker. Where there is
	// none, fsync stays.
	_, _ = sqlite.Fdatasync(true)
	s := &Store{
		config:  config,
		writes:  make(chan *write, mostTogether),
		closing: make(chan struct{}),
		written: make(chan struct{}),
	}
	if err := s.makeFile(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", address(config.Path))
	if err != nil {
		return nil, s.explain(err)
	}
	db.SetMaxIdleConns(-1) // the pool and the writer keep their own
	s.db = db
	writer, err := s.prepare(ctx)
	if err != nil && !s.freeze(ctx, err) {
		return nil, errors.Join(err, db.Close())
	}
	s.readers = newPool(s, config.Readers)
	go s.writeAll(writer)
	return s, nil
}

// makeFile makes an empty file for the owner alone, where there is none: SQLite
// would let others read it.
func (s *Store) makeFile() error {
	err := s.touch()
	if err != nil && !isFault(err) {
		return s.fault(ReadOnly, err) // such as a directory that is a file
	}
	return s.explain(err)
}

func (s *Store) touch() (err error) {
	if s.file, err = os.Stat(s.config.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.config.Path), 0o700); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	file, err := os.OpenFile(s.config.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.file, err = file.Stat()
	return errors.Join(err, file.Close())
}

// prepare opens the writer's connection, and checks and migrates the database
// over it.
func (s *Store) prepare(ctx context.Context) (*conn, error) {
	writer, err := s.connect(ctx, true)
	if err != nil {
		return nil, s.explain(err)
	}
	tx := &Tx{ctx, writer}
	err = s.check(tx)
	if err == nil {
		err = s.migrate(tx)
	}
	if err != nil {
		return nil, errors.Join(s.explain(err), writer.close())
	}
	return writer, nil
}

// applicationID marks a file as a store of ours: "ODOR".
const applicationID = 0x4f444f52

// slowCheck is how long a check may take before the log says so.
const slowCheck = 5 * time.Second

// check refuses a file that is another program's, and one that is damaged.
func (s *Store) check(tx *Tx) error {
	var id, tables int
	if err := tx.Row("PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := tx.Row("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 && id != applicationID {
		return s.fault(Foreign, errors.New("it has tables, but not ours"))
	}
	start := time.Now()
	var found string
	if err := tx.Row("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return s.fault(Corrupt, errors.New(found))
	}
	if took := time.Since(start); took > slowCheck {
		s.config.Logger.WarnContext(tx.ctx, "checking the store took long", slog.String("path", s.config.Path), slog.Duration("duration", took))
	}
	return nil
}

// ErrClosed says that a store was used after it was closed.
var ErrClosed = errors.New("the store is closed")

// Close lets the writes that wait finish, puts the log back into the database
// and lets go of the file. It is called when no read is under way.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.closing) })
	<-s.written
	return errors.Join(s.readers.close(), s.db.Close(), s.thaw())
}

// Path is the database file.
func (s *Store) Path() string { return s.config.Path }

// Read calls do with a view of the database that does not change meanwhile. It
// waits for a free connection until ctx is done.
func (s *Store) Read(ctx context.Context, do func(*Tx) error) error {
	c, err := s.readers.take(ctx)
	if err != nil {
		return s.explain(err)
	}
	s.figures.reads.Add(1)
	err = readOver(&Tx{ctx, c}, do)
	s.readers.give(c, err)
	err = s.explain(err)
	if isFault(err) {
		s.trouble.note(err)
	}
	return err
}

func readOver(tx *Tx, do func(*Tx) error) error {
	// Neither end of the transaction is under ctx: a statement whose context is
	// over fails, though it may have taken effect.
	ends := &Tx{context.Background(), tx.conn}
	if _, err := ends.Exec("BEGIN"); err != nil {
		tx.conn.broken = true
		return err
	}
	err := do(tx)
	if _, ended := ends.Exec("ROLLBACK"); ended != nil {
		tx.conn.broken = true
	}
	return err
}

// Checkpoint puts the write-ahead log back into the database and empties it. It
// reports whether a read still needed a part, which then stays.
func (s *Store) Checkpoint(ctx context.Context) (whole bool, err error) {
	c, err := s.connect(ctx, true)
	if err != nil {
		return false, s.explain(err)
	}
	var blocked, pages, moved int
	err = (&Tx{ctx, c}).Row("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &pages, &moved)
	return err == nil && blocked == 0, s.explain(errors.Join(err, c.close()))
}
