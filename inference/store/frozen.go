package store

import (
	"context"
	"database/sql"
	"errors"
)

// freeze makes do where nothing can be written, so that SQLite cannot make the
// files that it needs beside the database. A database that nobody writes can be
// read without them, if no log is left over. It reports whether it can, and
// lacks nothing. Reads then open the file as it is, until a write goes well.
func (s *Store) freeze(ctx context.Context, cause error) bool {
	fault, known := errors.AsType[*Error](cause)
	if !known || fault.Reason != Full && fault.Reason != ReadOnly || sizeOf(s.config.Path) == 0 || sizeOf(s.config.Path+"-wal") > 0 {
		return false
	}
	db, err := sql.Open("sqlite", address(s.config.Path)+"&immutable=1")
	if err != nil {
		return false
	}
	db.SetMaxIdleConns(-1)
	s.frozen.Store(db)
	if err := s.checkFrozen(ctx); err != nil {
		_ = s.thaw() // the cause says more
		return false
	}
	s.trouble.note(cause)
	return true
}

func (s *Store) checkFrozen(ctx context.Context) error {
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	tx := &Tx{ctx, c}
	err = s.check(tx)
	if err == nil {
		err = s.complete(tx)
	}
	return errors.Join(err, c.close())
}

// complete returns an error where a migration is missing.
func (s *Store) complete(tx *Tx) error {
	known, err := migrationsOf(s.config.migrations)
	if err != nil {
		return err
	}
	lacks, err := s.lacks(tx, known)
	if lacks {
		return errors.New("the tables are not up to date")
	}
	return err
}

// thaw lets reads see what is written from now on.
func (s *Store) thaw() error {
	if db := s.frozen.Swap(nil); db != nil {
		return db.Close()
	}
	return nil
}

// reader opens a connection for reading. That to a frozen file is used once,
// for it does not see what is written later.
func (s *Store) reader(ctx context.Context) (*conn, error) {
	db := s.frozen.Load()
	if db == nil {
		return s.connect(ctx, false)
	}
	opened, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.figures.connections.Add(1)
	return &conn{Conn: opened, prepared: map[string]*sql.Stmt{}, broken: true}, nil
}
