package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/benbjohnson/litestream"

	"github.com/odordiff/odordiff/internal/backup"
)

// Config says what is copied where.
type Config struct {
	// Path is the database's file. It need not exist yet.
	Path string
	// Target keeps the copy, and Name tells it from copies of other databases.
	Target backup.Target
	Name   string
	// Key signs the copy. Nil can only read.
	Key *backup.Key
	// Signer is whose copy is believed when it is restored. Empty is everybody's.
	Signer string
	// Recipients can read the copy. This machine must be one of them, with an
	// identity of Identities: what it has copied is merged from time to time.
	Recipients []age.Recipient
	Identities []age.Identity
	// Interval is how long a write stays uncopied at most, if the target is fast
	// enough. Default: 250ms.
	Interval time.Duration
	// Snapshots is how often the whole database is copied, and Retention is how
	// long one can go back. Defaults: 24h and 7 days.
	Snapshots, Retention time.Duration
	// Log receives what Litestream logs. Default: nothing.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Interval == 0 {
		c.Interval = 250 * time.Millisecond
	}
	if c.Snapshots == 0 {
		c.Snapshots = 24 * time.Hour
	}
	if c.Retention == 0 {
		c.Retention = 7 * 24 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// databaseFolder is where a target has the copies of databases.
const databaseFolder = "databases/"

func (c Config) client() *client {
	return &client{target: c.Target, folder: databaseFolder + c.Name + "/", key: c.Key, signer: c.Signer, recipients: c.Recipients, identities: c.Identities}
}

// Replica is a copy that is being kept.
type Replica struct {
	database *litestream.DB
	store    *litestream.Store
}

// Keep begins to keep the copy, until [Replica.Close]. It fails if it cannot
// begin; what fails later is tried again, and [Replica.Sync] tells it.
func Keep(ctx context.Context, config Config) (*Replica, error) {
	config = config.withDefaults()
	if config.Key == nil || len(config.Recipients) == 0 {
		return nil, backup.ErrNoRecipient
	}
	database := litestream.NewDB(config.Path)
	database.MonitorInterval = config.Interval
	database.Replica = litestream.NewReplicaWithClient(database, config.client())
	database.Replica.SyncInterval = config.Interval

	levels := litestream.CompactionLevels{
		{Level: 0}, {Level: 1, Interval: 30 * time.Second}, {Level: 2, Interval: 5 * time.Minute}, {Level: 3, Interval: time.Hour},
	}
	store := litestream.NewStore([]*litestream.DB{database}, levels)
	store.Logger = config.Log
	store.SnapshotInterval, store.SnapshotRetention = config.Snapshots, config.Retention
	database.SetLogger(config.Log)
	if err := store.Open(ctx); err != nil {
		return nil, fmt.Errorf("copying %s: %w", config.Path, err)
	}
	return &Replica{database: database, store: store}, nil
}

// ErrLost means that the copy does not follow the database any more. It must be
// begun anew, with [Replica.Abandon].
var ErrLost = errors.New("the copy has lost the database")

// Sync copies at once what was written. It returns [ErrLost] if the database
// was replaced by another, or if what is known of it does not fit the copy.
func (r *Replica) Sync(ctx context.Context) error {
	if r.replaced() {
		return fmt.Errorf("%w: another file is in its place", ErrLost)
	}
	// While it is written, the copy is never quite where the database is.
	const attempts = 5
	for range attempts {
		if err := r.database.SyncAndWait(ctx); err != nil {
			return err
		}
		status, err := r.database.SyncStatus(ctx)
		if err != nil {
			return err
		}
		if status.LocalTXID > 0 && status.LocalTXID <= status.RemoteTXID && status.RemoteTXID-status.LocalTXID <= 1 {
			return nil
		}
		if status.RemoteTXID > status.LocalTXID {
			return fmt.Errorf("%w: it is at transaction %s, and the copy at %s", ErrLost, status.LocalTXID, status.RemoteTXID)
		}
	}
	return nil // It is written all the time, and copied.
}

// replaced reports whether another file has the database's path.
func (r *Replica) replaced() bool {
	before := r.database.FileInfo()
	now, err := os.Stat(r.database.Path())
	return before != nil && (err != nil || !os.SameFile(before, now))
}

// Abandon ends the copying and forgets what is known of the database, so that
// [Keep] begins with all of it.
func (r *Replica) Abandon(ctx context.Context) error {
	_ = r.store.Close(ctx) // Whatever it could not copy is copied again.
	return os.RemoveAll(r.database.MetaPath())
}

// Snapshot copies the whole database, so that a restore does not need what is
// older.
func (r *Replica) Snapshot(ctx context.Context) error {
	_, err := r.database.Snapshot(ctx)
	return err
}

// Close copies what is left and ends.
func (r *Replica) Close(ctx context.Context) error { return r.store.Close(ctx) }

// Restore writes the database as it was at a time, or at last if the time is
// zero, to a file that must not exist, and checks its integrity. Only its owner
// can read it.
func Restore(ctx context.Context, config Config, to string, at time.Time) error {
	config = config.withDefaults()
	if len(config.Identities) == 0 {
		return errors.New("it takes an identity of one of the backup's recipients to open it")
	}
	if !backup.IsLocal(config.Name) {
		return fmt.Errorf("%w: a database %q leads elsewhere", backup.ErrForged, config.Name)
	}
	if err := CheckFree(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(to), ".restore-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	whole := filepath.Join(scratch, "database")
	database := litestream.NewDB(whole) // which is not opened: it has the log
	database.SetLogger(config.Log)
	options := litestream.NewRestoreOptions()
	options.OutputPath, options.Timestamp = whole, at
	options.IntegrityCheck = litestream.IntegrityCheckFull
	if err := litestream.NewReplicaWithClient(database, config.client()).Restore(ctx, options); err != nil {
		return fmt.Errorf("restoring %s: %w", config.Name, err)
	}
	if err := os.Chmod(whole, 0o600); err != nil {
		return err
	}
	return os.Rename(whole, to)
}

// CheckFree returns [backup.ErrTaken] if a database is at the path, or
// something that SQLite or Litestream would take for a part of it.
func CheckFree(path string) error {
	folder, name := filepath.Split(path)
	for _, taken := range []string{path, path + "-wal", path + "-shm", path + "-journal", folder + "." + name + litestream.MetaDirSuffix} {
		switch _, err := os.Lstat(taken); {
		case err == nil:
			return fmt.Errorf("%s: %w; move it away, or restore to another folder", taken, backup.ErrTaken)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// Rows counts the rows of each table of a database that nobody writes.
func Rows(ctx context.Context, path string) (rows map[string]int64, err error) {
	database, err := sql.Open("sqlite", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	names, err := tables(ctx, database)
	if err != nil {
		return nil, err
	}
	rows = make(map[string]int64)
	for _, name := range names {
		var n int64
		// A name cannot be a parameter.
		query := `SELECT count(*) FROM "` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if err := database.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting the rows of %s: %w", name, err)
		}
		rows[name] = n
	}
	return rows, nil
}

// tables returns the names of a database's tables, but for SQLite's own and
// Litestream's.
func tables(ctx context.Context, database *sql.DB) (names []string, err error) {
	found, err := database.QueryContext(ctx, `SELECT name FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_litestream\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, found.Err()
}

// Names returns the names of the databases of which a target has copies.
func Names(ctx context.Context, target backup.Target) ([]string, error) {
	objects, err := target.List(ctx, databaseFolder)
	if err != nil {
		return nil, fmt.Errorf("listing the databases: %w", err)
	}
	var names []string
	for _, object := range objects {
		// <name>/<level>/<file>; the name may have slashes.
		name := path.Dir(path.Dir(strings.TrimPrefix(object.Name, databaseFolder)))
		if backup.IsLocal(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}
