// Package livefile holds a value that is parsed from a file and follows the
// file: edits, atomic renames and the symlink swaps by which Kubernetes
// updates a mounted secret all show up without a restart. A new content that
// does not parse leaves the last good value in force.
package livefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// DefaultPoll is how often the file is read where no notification tells of a change:
	// on network file systems, and below symlinks that lead elsewhere.
	DefaultPoll = 10 * time.Second
	// MaxSize is how many bytes a file may have.
	MaxSize = 4 << 20
	// settle is how long writes may still follow a first one before the file is read.
	settle = 50 * time.Millisecond
)

// Parse makes the value of a file's content. Its error reaches logs: it must
// not quote the content where that is secret.
type Parse[T any] func(content []byte, mode fs.FileMode) (T, error)

// Options change how a file is followed. The zero value is good.
type Options struct {
	// Poll is how often to read the file at least; 0 means [DefaultPoll].
	Poll time.Duration
	// Report is told of each change of the file after the first: nil when the
	// new value is in force, an error when the old one stays. It may be nil. It is
	// called from one goroutine.
	Report func(error)
}

// File is a value that follows a file. Its methods may be called at once from
// many goroutines.
type File[T any] struct {
	path   string
	parse  Parse[T]
	report func(error)

	current atomic.Pointer[version[T]]
	failure atomic.Pointer[error]
	last    state // of the watching goroutine

	stop    context.CancelFunc
	stopped sync.WaitGroup
	watcher *fsnotify.Watcher // nil where the system has none to give
}

type version[T any] struct {
	value    T
	revision uint64
}

// state is what the file was like when it was read last.
type state struct {
	content []byte
	mode    fs.FileMode
	err     string // of reading
}

// Open reads the file, which must be good this first time, and follows it
// until Close.
func Open[T any](path string, parse Parse[T], options Options) (*File[T], error) {
	if options.Poll <= 0 {
		options.Poll = DefaultPoll
	}
	if options.Report == nil {
		options.Report = func(error) {}
	}
	f := &File[T]{path: path, parse: parse, report: options.Report}
	if _, err := f.refresh(); err != nil {
		return nil, err
	}
	f.follow(options.Poll)
	return f, nil
}

// Value returns the last good value and its revision, which changes with the value.
func (f *File[T]) Value() (value T, revision uint64) {
	v := f.current.Load()
	return v.value, v.revision
}

// LastError says why the file's present content is not in force; nil when it is.
func (f *File[T]) LastError() error {
	if err := f.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Close stops following. The last good value stays readable.
func (f *File[T]) Close() error {
	f.stop()
	f.stopped.Wait()
	if f.watcher == nil {
		return nil
	}
	return f.watcher.Close()
}

// refresh takes over the file's content if it changed.
func (f *File[T]) refresh() (changed bool, err error) {
	content, mode, err := read(f.path)
	now := state{content: content, mode: mode}
	if err != nil {
		now.err = err.Error()
	}
	if f.current.Load() != nil && now.equal(f.last) {
		return false, nil
	}
	f.last = now
	if err == nil {
		err = f.adopt(content, mode)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", f.path, err)
		f.failure.Store(&err)
		return true, err
	}
	f.failure.Store(nil)
	return true, nil
}

func (f *File[T]) adopt(content []byte, mode fs.FileMode) error {
	value, err := f.parse(content, mode)
	if err != nil {
		return err
	}
	next := &version[T]{value: value, revision: 1}
	if before := f.current.Load(); before != nil {
		next.revision = before.revision + 1
	}
	f.current.Store(next)
	return nil
}

func (s state) equal(t state) bool {
	return s.err == t.err && s.mode == t.mode && bytes.Equal(s.content, t.content)
}

// read returns content and mode of one and the same file, whatever is renamed meanwhile.
func read(path string) ([]byte, fs.FileMode, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("opening: %w", bare(err))
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("reading: %w", bare(err))
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading: %w", bare(err))
	}
	if len(content) > MaxSize {
		return nil, 0, fmt.Errorf("larger than %d bytes", MaxSize)
	}
	return content, info.Mode(), nil
}

// bare takes the path out of a path error, because the caller names it.
func bare(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
