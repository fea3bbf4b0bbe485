package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"
)

// conn is one connection with the statements that were prepared on it.
type conn struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
	expires  time.Time
	broken   bool // not to be used again
}

// address is the data source name of a file.
func address(path string) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: "_dqs=0"}).String()
}

// connect opens a connection, for writing or for reading alone.
func (s *Store) connect(ctx context.Context, writes bool) (*conn, error) {
	opened, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{opened, map[string]*sql.Stmt{}, time.Now().Add(jittered(s.config.Lifetime)), false}
	for _, setting := range s.settings(writes) {
		if _, err := c.ExecContext(ctx, "PRAGMA "+setting); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	s.figures.connections.Add(1)
	return c, nil
}

// settings are the pragmas of a connection.
func (s *Store) settings(writes bool) []string {
	busy := fmt.Sprintf("busy_timeout = %d", s.config.Busy.Milliseconds())
	if !writes {
		return []string{busy, "query_only = on"}
	}
	synchronous := "synchronous = full"
	if s.config.Relaxed {
		synchronous = "synchronous = normal"
	}
	var settings []string
	if s.file.Size() == 0 { // when it was opened; it can be set of no other
		settings = append(settings, "auto_vacuum = incremental")
	}
	settings = append(settings,
		busy,
		"journal_mode = wal",
		synchronous,
		"foreign_keys = on",
		fmt.Sprintf("wal_autocheckpoint = %d", max(0, s.config.Checkpoint)),
		fmt.Sprintf("journal_size_limit = %d", largestIdleLog))
	if s.config.MaxSize > 0 {
		settings = append(settings, fmt.Sprintf("max_page_count = %d", (s.config.MaxSize+pageSize-1)/pageSize))
	}
	return settings
}

// pageSize is that of a new file, in bytes.
const pageSize = 4096

// largestIdleLog is how many bytes the log keeps on the disk once it has been
// put back.
const largestIdleLog = 16 << 20

// jittered is a lifetime give or take a fifth, so that connections that were
// opened together do not all end together.
func jittered(lifetime time.Duration) time.Duration {
	return time.Duration(float64(lifetime) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // jitter needs no secrecy
}

func (c *conn) close() error {
	var errs []error
	for _, statement := range c.prepared {
		errs = append(errs, statement.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

// Tx runs statements in a transaction. Each is prepared once for a connection,
// so a statement is a constant text, and its values are arguments.
type Tx struct {
	ctx  context.Context
	conn *conn
}

func (t *Tx) prepare(query string) (*sql.Stmt, error) {
	if statement, ok := t.conn.prepared[query]; ok {
		return statement, nil
	}
	statement, err := t.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	t.conn.prepared[query] = statement
	return statement, nil
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(query string, arguments ...any) (changed int64, err error) {
	statement, err := t.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(t.ctx, arguments...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row is what a query finds first.
type Row struct {
	row *sql.Row
	err error
}

// Scan copies the columns. It returns [sql.ErrNoRows] where nothing was found.
func (r Row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(into...)
}

// Row runs a query for one row.
func (t *Tx) Row(query string, arguments ...any) Row {
	statement, err := t.prepare(query)
	if err != nil {
		return Row{err: err}
	}
	return Row{row: statement.QueryRowContext(t.ctx, arguments...)}
}

// Rows runs a query and calls scan for each row that it finds.
func (t *Tx) Rows(scan func(*sql.Rows) error, query string, arguments ...any) error {
	statement, err := t.prepare(query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(t.ctx, arguments...)
	if err != nil {
		return err
	}
	for err == nil && rows.Next() {
		err = scan(rows)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}
