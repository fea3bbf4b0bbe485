package store

import (
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

//go:embed migrations
var embedded embed.FS

// shipped are the migrations of this version.
var shipped = func() fs.FS {
	sub, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}()

// migration is one step from an empty file to the tables of today. It is never
// edited once it was released: its checksum is kept in the file.
type migration struct {
	name, text, checksum string
}

// migrationsOf returns the migrations of a directory, in the order of their
// names: 0001_first.sql, 0002_second.sql.
func migrationsOf(directory fs.FS) ([]migration, error) {
	names, err := fs.Glob(directory, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]migration, len(names))
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
			return nil, fmt.Errorf("migration %s: want its number to be %04d", name, i+1)
		}
		text, err := fs.ReadFile(directory, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all[i] = migration{strings.TrimSuffix(name, ".sql"), string(text), hex.EncodeToString(sum[:])}
	}
	return all, nil
}

// migrate runs the migrations that the file lacks, all or none of them.
func (s *Store) migrate(tx *Tx) error {
	known, err := migrationsOf(s.config.migrations)
	if err != nil {
		return err
	}
	if lacks, err := s.lacks(tx, known); !lacks || err != nil {
		return err
	}
	if _, err := tx.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := s.migrateTo(tx, known); err != nil {
		_, _ = tx.Exec("ROLLBACK") // fails where SQLite has undone it already
		return err
	}
	_, err = tx.Exec("COMMIT")
	return err
}

// lacks reports whether a migration is missing.
func (s *Store) lacks(tx *Tx, known []migration) (bool, error) {
	var begun bool
	if err := tx.Row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'migrations')").Scan(&begun); !begun || err != nil {
		return !begun, err
	}
	done, err := s.compare(tx, known)
	return done < len(known), err
}

func (s *Store) migrateTo(tx *Tx, known []migration) error {
	script := fmt.Sprintf(`PRAGMA application_id = %d;
		CREATE TABLE IF NOT EXISTS migrations (
			number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, run INTEGER NOT NULL) STRICT`, applicationID)
	if _, err := tx.conn.ExecContext(tx.ctx, script); err != nil {
		return err
	}
	done, err := s.compare(tx, known)
	if err != nil {
		return err
	}
	for i, m := range known[done:] {
		if _, err := tx.conn.ExecContext(tx.ctx, m.text); err != nil {
			return fmt.Errorf("running migration %s: %w", m.name, err)
		}
		if _, err := tx.Exec("INSERT INTO migrations (number, name, checksum, run) VALUES (?, ?, ?, ?)",
			done+i+1, m.name, m.checksum, time.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// compare returns how many migrations the file has had. They must be the first
// of the known ones.
func (s *Store) compare(tx *Tx, known []migration) (done int, err error) {
	err = tx.Rows(func(rows *sql.Rows) error {
		var name, checksum string
		if err := rows.Scan(&name, &checksum); err != nil {
			return err
		}
		done++
		switch {
		case done > len(known):
			return s.fault(Future, errors.New("it has had the migration "+name))
		case known[done-1].checksum != checksum:
			return s.fault(Changed, errors.New("migration "+name))
		}
		return nil
	}, "SELECT name, checksum FROM migrations ORDER BY number")
	return done, err
}
