package promptpolicy

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher calls back when a directory may have changed. The system notifies it
// where it can; elsewhere it polls.
type watcher struct {
	dir      string
	debounce time.Duration
	poll     time.Duration
	notify   *fsnotify.Watcher // nil where the system gives none
}

// maxDebounces bounds how long the watcher waits for a directory that changes
// all the time, in debounce intervals.
const maxDebounces = 4

// impatientPoll is how often the directory is read where the system cannot
// announce changes.
const impatientPoll = time.Second

func newWatcher(opts Options) *watcher {
	w := &watcher{dir: filepath.Clean(opts.Dir), debounce: opts.Debounce, poll: opts.Poll}
	notify, err := fsnotify.NewWatcher()
	if err != nil { // such as no more inotify instances: polling still works
		w.poll = min(w.poll, impatientPoll)
		return w
	}
	w.notify = notify
	w.follow()
	return w
}

// run calls changed, debounced, until the context ends.
func (w *watcher) run(ctx context.Context, changed func()) {
	events, lost := w.channels()
	if w.notify != nil {
		defer func() { _ = w.notify.Close() }()
	}
	poll := time.NewTicker(w.poll)
	defer poll.Stop()
	// Something may have changed since the directory was first read.
	quiet := time.NewTimer(w.debounce)
	defer quiet.Stop()
	var since time.Time // of the first event that is not yet answered
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			if !w.matters(event) {
				continue
			}
			if since.IsZero() {
				since = time.Now()
			}
			if time.Since(since) < maxDebounces*w.debounce {
				quiet.Reset(w.debounce)
			}
		case <-lost: //nolint:errcheck // such as an overflow: that some events are missing is all there is to know
			quiet.Reset(w.debounce)
		case <-quiet.C:
			since = time.Time{}
			w.follow()
			changed()
		case <-poll.C:
			w.follow()
			changed()
		}
	}
}

func (w *watcher) channels() (<-chan fsnotify.Event, <-chan error) {
	if w.notify == nil {
		return nil, nil
	}
	return w.notify.Events, w.notify.Errors
}

// follow watches the directory, the directories inside it, and those with a
// link that leads to it. Kubernetes changes a mount by replacing a link beside
// the files, and a release may replace a link to the whole directory. What is
// already watched stays watched.
func (w *watcher) follow() {
	if w.notify == nil {
		return
	}
	for _, root := range []string{w.dir, dataRoot(w.dir)} {
		_ = w.notify.Add(filepath.Dir(root))
		resolved, err := filepath.EvalSymlinks(root)
		if err != nil {
			continue
		}
		_ = w.notify.Add(filepath.Dir(resolved))
		_ = filepath.WalkDir(resolved, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if !entry.IsDir() {
				return nil
			}
			if path != resolved && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			// A directory that cannot be watched is still read at each poll.
			_ = w.notify.Add(path)
			return nil
		})
	}
}

// matters reports whether an event concerns the directory. Events of its
// siblings do not, nor do mere changes of mode.
func (w *watcher) matters(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	for _, root := range []string{w.dir, dataRoot(w.dir)} {
		if within := event.Name == root || strings.HasPrefix(event.Name, root+string(filepath.Separator)); within {
			return true
		}
		if resolved, err := filepath.EvalSymlinks(root); err == nil && strings.HasPrefix(event.Name, resolved) {
			return true
		}
	}
	return false
}
