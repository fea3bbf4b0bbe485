package store

import (
	"context"
	"runtime"
	"sync"
	"testing"
)

// fading is a context that is over once it was asked so many times.
type fading struct {
	context.Context
	cancel context.CancelFunc
	mutex  sync.Mutex
	left   int
}

func newFading(t *testing.T, left int) *fading {
	f := &fading{left: left}
	f.Context, f.cancel = context.WithCancel(t.Context())
	return f
}

func (f *fading) ask() {
	f.mutex.Lock()
	f.left--
	over := f.left == -1
	f.mutex.Unlock()
	if over {
		f.cancel()
		for range 1000 {
			runtime.Gosched() // for whoever waits for the end
		}
	}
}

func (f *fading) Done() <-chan struct{} {
	f.ask()
	return f.Context.Done()
}

func (f *fading) Err() error {
	f.ask()
	return f.Context.Err()
}

// Whenever the caller leaves, the connection is good for the next one.
func TestAReadThatIsCancelledBreaksNoOther(t *testing.T) {
	s := open(t, fresh(t), func(c *Config) { c.Readers = 1 })
	for asked := range 20 {
		ctx := newFading(t, asked)
		// it may be over at any point
		_ = s.Read(ctx, statement("SELECT count(*) FROM notes"))
		ctx.cancel()
		if err := s.Read(t.Context(), func(*Tx) error { return nil }); err != nil {
			t.Fatalf("after a read that was cancelled at ask %d: %v", asked, err)
		}
	}
}
