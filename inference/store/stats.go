package store

import (
	"os"
	"sync/atomic"
	"time"
)

// figures are counted while the store is used.
type figures struct {
	connections, reused, replaced, reads, waits, writes, commits, busy, timeouts, faults atomic.Uint64

	waited, committing atomic.Int64 // nanoseconds
}

// Stats are figures since the store was opened.
type Stats struct {
	// Connections were opened in all, and Replaced of them closed because their
	// time was over or something had happened to them. Reused counts reads that
	// found an idle one. Reading of Readers are at work.
	Connections, Reused, Replaced uint64

	Reading, Readers int
	// Reads were begun, Waits of them after a wait of Waited in all.
	Reads, Waits uint64
	Waited       time.Duration
	// Writes went to the disk in Commits transactions, which took Committing in
	// all. Waiting want their turn.
	Writes, Commits uint64
	Committing      time.Duration
	Waiting         int
	// Busy counts what another process kept waiting for too long, Timeouts
	// callers that left before their turn, and Faults all that the file or the
	// disk made fail, Busy included.
	Busy, Timeouts, Faults uint64
	// Size and Log are bytes of the database and of the write-ahead log.
	Size, Log int64
	// Quota is how many bytes the database may have; 0 for any.
	Quota int64
}

// Stats returns the figures of the moment.
func (s *Store) Stats() Stats {
	f := &s.figures
	return Stats{
		Connections: f.connections.Load(),
		Reused:      f.reused.Load(),
		Replaced:    f.replaced.Load(),
		Reading:     len(s.readers.slots),
		Readers:     cap(s.readers.slots),
		Reads:       f.reads.Load(),
		Waits:       f.waits.Load(),
		Waited:      time.Duration(f.waited.Load()),
		Writes:      f.writes.Load(),
		Commits:     f.commits.Load(),
		Committing:  time.Duration(f.committing.Load()),
		Waiting:     len(s.writes),
		Busy:        f.busy.Load(),
		Timeouts:    f.timeouts.Load(),
		Faults:      f.faults.Load(),
		Size:        sizeOf(s.config.Path),
		Log:         sizeOf(s.config.Path + "-wal"),
		Quota:       s.config.MaxSize,
	}
}

// sizeOf is a file's size in bytes, 0 where there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
