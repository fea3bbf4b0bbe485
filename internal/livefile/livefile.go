// Package livefile holds a value that is parsed from a file and follows the
// file. Edits, atomic renames and the symlink swaps by which Kubernetes updates
// a mounted secret take effect without a restart. If new content does not
// parse, the last good value stays in force.
package livefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/odordiff/odordiff/internal/watch"
)

const (
	// DefaultPoll is how often the file is read even if no change is notified,
	// as on network file systems and below symlinks that lead elsewhere.
	DefaultPoll = 10 * time.Second
	// MaxSize is how many bytes a file may have.
	MaxSize = 4 << 20
	// settle is how long writes may still follow a first one before the file is
	// read.
	settle = 50 * time.Millisecond
)

// Parse makes the value from a file's content. Its error is logged, so it must
// not quote secret content.
type Parse[T any] func(content []byte, mode fs.FileMode) (T, error)

// Options change how a file is followed. The zero value selects the defaults.
type Options struct {
	// Poll is the longest time between two readings of the file; 0 means
	// [DefaultPoll].
	Poll time.Duration
	// Report is called for each change after the file was opened: with nil if
	// the new value is in force, with an error if the old one stays. It may be
	// nil. It is called from one goroutine.
	Report func(error)
}

// File is a value that follows a file. Its methods may be called concurrently.
type File[T any] struct {
	path   string
	parse  Parse[T]
	report func(error)

	current  atomic.Pointer[version[T]]
	modified atomic.Pointer[time.Time]
	failure  atomic.Pointer[error]
	last     state // of the watching goroutine
	watcher  *watch.Watcher
}

type version[T any] struct {
	value    T
	revision uint64
}

// state is what the file was like when it was read last.
type state struct {
	content  []byte
	mode     fs.FileMode
	modified time.Time
	err      string // of reading
}

// Open reads the file, which must be valid at first, and follows it until
// Close.
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
	f.watcher = watch.Start(watch.Options{
		// A watch of the file itself would stay with the old one after a rename.
		Paths:    func() []string { return []string{filepath.Dir(path)} },
		Concerns: f.concerns,
		Settle:   settle,
		Poll:     options.Poll,
		Changed: func(context.Context) {
			if changed, err := f.refresh(); changed {
				f.report(err)
			}
		},
	})
	return f, nil
}

// concerns reports whether an event in the directory may mean that the file has
// changed: it is about the file, or about the "..data" symlink through which
// Kubernetes replaces all files of a mounted secret at once.
func (f *File[T]) concerns(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	return name == filepath.Base(f.path) || strings.HasPrefix(name, "..")
}

// Value returns the last good value and its revision, which changes with the
// value.
func (f *File[T]) Value() (value T, revision uint64) {
	v := f.current.Load()
	return v.value, v.revision
}

// LastError returns why the file's current content is not in force; nil if it
// is.
func (f *File[T]) LastError() error {
	if err := f.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Modified returns when the file whose content is in force was written. It
// changes too when the file is written again with the same content, but not
// when the file is invalid or gone.
func (f *File[T]) Modified() time.Time { return *f.modified.Load() }

// Close stops following. The last good value stays readable.
func (f *File[T]) Close() error { return f.watcher.Close() }

// refresh takes over the file's content if it changed.
func (f *File[T]) refresh() (changed bool, err error) {
	now, err := read(f.path)
	if err != nil {
		now.err = err.Error()
	}
	if f.current.Load() != nil && now.equal(f.last) {
		if f.LastError() == nil {
			f.modified.Store(&now.modified)
		}
		return false, nil
	}
	f.last = now
	if err == nil {
		err = f.adopt(now)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", f.path, err)
		f.failure.Store(&err)
		return true, err
	}
	f.modified.Store(&now.modified)
	f.failure.Store(nil)
	return true, nil
}

func (f *File[T]) adopt(now state) error {
	value, err := f.parse(now.content, now.mode)
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

// equal leaves out when the file was written, which by itself changes nothing.
func (s state) equal(t state) bool {
	return s.err == t.err && s.mode == t.mode && bytes.Equal(s.content, t.content)
}

// read returns the state of one and the same file, whatever is renamed
// meanwhile.
func read(path string) (state, error) {
	// A named pipe would make an ordinary open wait for a writer, for ever.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return state{}, fmt.Errorf("opening: %w", bare(err))
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return state{}, fmt.Errorf("reading: %w", bare(err))
	}
	if !info.Mode().IsRegular() {
		return state{}, errors.New("not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return state{}, fmt.Errorf("reading: %w", bare(err))
	}
	if len(content) > MaxSize {
		return state{}, fmt.Errorf("larger than %d bytes", MaxSize)
	}
	return state{content: content, mode: info.Mode(), modified: info.ModTime()}, nil
}

// bare takes the path out of a path error, because the caller names it.
func bare(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
