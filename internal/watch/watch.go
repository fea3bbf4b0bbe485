// Package watch calls back when files may have changed. The system's
// notifications make it fast, and polling makes it reliable: a system without
// notifications is only slower.
package watch

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// maxSettles bounds how long a [Watcher] waits for files that change all the
	// time, in multiples of [Options.Settle].
	maxSettles = 4
	// impatientPoll is the longest time between two polls where the system has no
	// notifications.
	impatientPoll = time.Second
)

// Options say what is watched. Every field must be set.
type Options struct {
	// Paths returns the directories and files to watch. It is called at the start
	// and before each call of Changed, because a directory may have been replaced.
	// A path that cannot be watched is left to polling.
	Paths func() []string
	// Concerns reports whether an event may mean a change.
	Concerns func(fsnotify.Event) bool
	// Settle is how long no such event must come before Changed is called. If
	// they keep coming, it is called after five times as long at the latest.
	Settle time.Duration
	// Poll is how often Changed is called whether or not there was an event. Where
	// the system has no notifications, it is called every second at least.
	Poll time.Duration
	// Changed is called after Settle for the first time, because something may
	// have changed before the watch began. It is called from one goroutine. Its
	// context ends with [Watcher.Close].
	Changed func(context.Context)
}

// Watcher watches files until it is closed.
type Watcher struct {
	*fsnotify.Watcher // nil where the system has none to give

	opts Options
	stop context.CancelFunc
	done chan struct{}
}

// Start watches until [Watcher.Close].
func Start(opts Options) *Watcher {
	ctx, stop := context.WithCancel(context.Background())
	w := &Watcher{opts: opts, stop: stop, done: make(chan struct{})}
	var events <-chan fsnotify.Event
	var lost <-chan error
	// It may fail, for instance because there are no more inotify instances.
	if notify, err := fsnotify.NewWatcher(); err == nil {
		w.Watcher, events, lost = notify, notify.Events, notify.Errors
	} else {
		w.opts.Poll = min(opts.Poll, impatientPoll)
	}
	w.add()
	go func() {
		defer close(w.done)
		w.run(ctx, events, lost)
	}()
	return w
}

// Close stops the watching, and returns when the last call of Changed has
// returned.
func (w *Watcher) Close() error {
	w.stop()
	<-w.done
	if w.Watcher == nil {
		return nil
	}
	return w.Watcher.Close()
}

func (w *Watcher) run(ctx context.Context, events <-chan fsnotify.Event, lost <-chan error) {
	poll := time.NewTicker(w.opts.Poll)
	defer poll.Stop()
	settled := time.NewTimer(w.opts.Settle)
	defer settled.Stop()
	var since time.Time // of the first event that is not yet answered
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			if !w.opts.Concerns(event) {
				continue
			}
			if since.IsZero() {
				since = time.Now()
			}
			if time.Since(since) < maxSettles*w.opts.Settle {
				settled.Reset(w.opts.Settle)
			}
			continue
		case <-lost: //nolint:errcheck // such as an overflow: that some events are missing is all there is to know
			settled.Reset(w.opts.Settle)
			continue
		case <-settled.C:
			since = time.Time{}
		case <-poll.C:
		}
		w.add()
		w.opts.Changed(ctx)
	}
}

// add asks for notifications of all paths. What is already watched stays
// watched.
func (w *Watcher) add() {
	if w.Watcher == nil {
		return
	}
	for _, path := range w.opts.Paths() {
		_ = w.Add(path) // without it, polling still finds the change
	}
}
