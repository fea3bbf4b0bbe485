package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Reason says what is wrong with a store, in a word.
type Reason string

// What may be wrong.
const (
	Full     Reason = "full"      // there is no room, or no more is allowed
	Busy     Reason = "busy"      // another process holds the file
	Corrupt  Reason = "corrupt"   // the file is damaged
	Foreign  Reason = "foreign"   // the file is another program's
	ReadOnly Reason = "read-only" // the file or its directory cannot be written
	Moved    Reason = "moved"     // the file was deleted or replaced
	Future   Reason = "future"    // a newer version made the tables
	Changed  Reason = "changed"   // a migration differs from the one that was run
	Failing  Reason = "failing"   // the disk does not read or write
)

// cures say what to do.
var cures = map[Reason]string{
	Full:     "free some space, or raise --store-size if the file is as large; what was acknowledged is kept",
	Busy:     "end the other program that holds the file, or wait for it",
	Corrupt:  "restore it from a backup, or move it away with its -wal and -shm to begin anew",
	Foreign:  "name another file with --store",
	ReadOnly: "give the user of this process the right to write the file and its directory",
	Moved:    "put it back, or restart to begin anew",
	Future:   "run the newer odordiff, or restore a backup from before the upgrade",
	Changed:  "run the odordiff that made it, or restore a backup",
	Failing:  "look at the disk and the kernel's log, and restart",
}

var says = map[Reason]string{
	Full:     "there is no room for more",
	Busy:     "another process holds the file",
	Corrupt:  "the file is damaged",
	Foreign:  "the file is not a store of odordiff",
	ReadOnly: "the file cannot be written",
	Moved:    "the file was deleted or replaced while it was open",
	Future:   "a newer odordiff made the file",
	Changed:  "the file's tables were made in another way than this odordiff makes them",
	Failing:  "the disk does not read or write",
}

// Error is a fault of the file or the disk, with what to do about it.
type Error struct {
	// Path is the database file.
	Path   string
	Reason Reason
	Err    error // what the system said, nil where it said nothing
}

// Error names the file, the reason and the cure.
func (e *Error) Error() string {
	text := fmt.Sprintf("store %s: %s", e.Path, says[e.Reason])
	if e.Err != nil {
		text += fmt.Sprintf(" (%v)", e.Err)
	}
	return text + ": " + cures[e.Reason]
}

// Unwrap returns what the system said.
func (e *Error) Unwrap() error { return e.Err }

func (s *Store) fault(reason Reason, err error) error { return &Error{s.config.Path, reason, err} }

// explain makes an [*Error] of an error of SQLite or of the system. Others are
// returned as they are.
func (s *Store) explain(err error) error {
	if _, known := errors.AsType[*Error](err); known {
		return err
	}
	reason := reasonOf(err)
	switch reason {
	case "":
		return err
	case Busy:
		s.figures.busy.Add(1)
	}
	s.figures.faults.Add(1)
	return s.fault(reason, err)
}

// isFault reports whether an error is of the file or the disk, not of what was
// asked.
func isFault(err error) bool {
	_, known := errors.AsType[*Error](err)
	return known || reasonOf(err) != ""
}

// reasons are SQLite's primary result codes.
var reasons = map[int]Reason{
	lib.SQLITE_FULL:     Full,
	lib.SQLITE_BUSY:     Busy,
	lib.SQLITE_LOCKED:   Busy,
	lib.SQLITE_PROTOCOL: Busy,
	lib.SQLITE_CORRUPT:  Corrupt,
	lib.SQLITE_NOTADB:   Foreign,
	lib.SQLITE_READONLY: ReadOnly,
	lib.SQLITE_CANTOPEN: ReadOnly,
	lib.SQLITE_PERM:     ReadOnly,
	lib.SQLITE_IOERR:    Failing,
}

func reasonOf(err error) Reason {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return Full
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ReadOnly
	}
	if said, ok := errors.AsType[*sqlite.Error](err); ok {
		if said.Code() == lib.SQLITE_IOERR_SHMSIZE {
			return Full // there is no room for the log's index
		}
		return reasons[said.Code()&0xff]
	}
	return ""
}

// trouble remembers a fault until a write goes well, or until a restart, which
// checks the file, where a write proves nothing: it may touch another part.
type trouble struct {
	mutex sync.Mutex
	err   error
}

func (t *trouble) note(err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if !lasts(t.err) {
		t.err = err
	}
}

// lasts reports whether a fault is one of the file or the disk that stays when
// a write goes well.
func lasts(err error) bool {
	fault, ok := errors.AsType[*Error](err)
	return ok && (fault.Reason == Corrupt || fault.Reason == Foreign || fault.Reason == Failing)
}

// Trouble returns the fault that stands: that of the last write, or of a read
// since then. It is nil where all went well. That the file is damaged or
// foreign, or the disk fails, stands until a restart.
func (s *Store) Trouble() error {
	s.trouble.mutex.Lock()
	defer s.trouble.mutex.Unlock()
	return s.trouble.err
}
