package livefile

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// follow starts the goroutine that refreshes. Notifications make it fast, and
// polling makes it reliable: a system without notifications is only slower.
func (f *File[T]) follow(poll time.Duration) {
	ctx, stop := context.WithCancel(context.Background()) //nolint:gosec // Close stops it
	f.stop = stop
	if watcher, err := fsnotify.NewWatcher(); err == nil {
		f.watcher = watcher
		f.watch()
	}
	f.stopped.Go(func() { f.run(ctx, poll) })
}

// watch asks for notifications of the folder, because a watch of the file
// itself would stay with the old one after a rename. It is repeated at each
// poll, because the folder may have been replaced too.
func (f *File[T]) watch() {
	if f.watcher != nil {
		// without it the poll still finds the change
		_ = f.watcher.Add(filepath.Dir(f.path))
	}
}

func (f *File[T]) run(ctx context.Context, poll time.Duration) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	events, errs := f.notifications()
	settled := time.NewTimer(0)
	settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-events:
			if !ok {
				events = nil
			} else if f.concerns(event) {
				settled.Reset(settle)
			}
			continue
		case _, ok := <-errs:
			// Events may be lost, and none would follow until the error is taken.
			if !ok {
				errs = nil
			}
			f.watch()
		case <-settled.C:
		case <-ticker.C:
			f.watch()
		}
		if changed, err := f.refresh(); changed {
			f.report(err)
		}
	}
}

// notifications returns the watcher's channels, nil ones where there is no
// watcher.
func (f *File[T]) notifications() (<-chan fsnotify.Event, <-chan error) {
	if f.watcher == nil {
		return nil, nil
	}
	return f.watcher.Events, f.watcher.Errors
}

// concerns reports whether an event in the folder may mean that the file has
// changed: it is about the file, or about the "..data" symlink through which
// Kubernetes replaces all files of a mounted secret at once.
func (f *File[T]) concerns(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	return name == filepath.Base(f.path) || strings.HasPrefix(name, "..")
}
