package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/time/rate"
)

// Patience is how long a target may make no progress with what it was asked.
const Patience = 5 * time.Minute

// ErrStalled is of what a target made no progress with for [Patience].
var ErrStalled = fmt.Errorf("the target has made no progress for %v", Patience)

// pace is how many bytes are put at a time, so that a slow pace is an even one.
const pace = 64 << 10

// Bounded returns the target with bounds: everything that is put there has at
// most so many bytes a second together (0 for any number), and what makes no
// progress for [Patience] fails with [ErrStalled].
func Bounded(target Target, bytesPerSecond int64) Target {
	b := &bounded{Target: target}
	if bytesPerSecond > 0 {
		b.limiter = rate.NewLimiter(rate.Limit(bytesPerSecond), pace)
	}
	return b
}

type bounded struct {
	Target

	limiter *rate.Limiter // nil does not limit
}

// Put implements [Target].
func (b *bounded) Put(ctx context.Context, name string, content io.Reader) error {
	ctx, w := watch(ctx)
	return w.end(b.Target.Put(ctx, name, &paced{content, ctx, w, b.limiter}))
}

// Get implements [Target].
func (b *bounded) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	ctx, w := watch(ctx)
	content, err := b.Target.Get(ctx, name)
	if err != nil {
		return nil, w.end(err)
	}
	return &watched{paced{content, ctx, w, nil}, content}, nil
}

// List implements [Target].
func (b *bounded) List(ctx context.Context, prefix string) ([]Object, error) {
	ctx, w := watch(ctx)
	objects, err := b.Target.List(ctx, prefix)
	return objects, w.end(err)
}

// Delete implements [Target].
func (b *bounded) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		ctx, w := watch(ctx)
		if err := w.end(b.Target.Delete(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// watcher ends a context when there is no progress.
type watcher struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func watch(ctx context.Context) (context.Context, *watcher) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watcher{ctx, cancel, time.AfterFunc(Patience, func() { cancel(ErrStalled) })}
}

func (w *watcher) progress() { w.timer.Reset(Patience) }

// end ends the watch, and says of an error whether it is that of a stall.
func (w *watcher) end(err error) error {
	w.timer.Stop()
	stalled := errors.Is(context.Cause(w.ctx), ErrStalled)
	w.cancel(nil)
	if err != nil && stalled {
		return fmt.Errorf("%w: %w", ErrStalled, err)
	}
	return err
}

// paced is a content that is read at a pace, and each read is progress.
type paced struct {
	content io.Reader
	ctx     context.Context
	watch   *watcher
	limiter *rate.Limiter
}

// Read implements [io.Reader].
func (p *paced) Read(into []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if p.limiter == nil {
		n, err := p.content.Read(into)
		p.watch.progress()
		return n, err
	}
	n, err := p.content.Read(into[:min(len(into), pace)])
	if waited := p.limiter.WaitN(p.ctx, n); waited != nil && err == nil {
		err = waited
	}
	p.watch.progress()
	return n, err
}

// watched is a content that is watched until it is closed.
type watched struct {
	paced

	closer io.Closer
}

// Close implements [io.Closer].
func (w *watched) Close() error { return w.watch.end(w.closer.Close()) }
