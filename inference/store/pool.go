package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// pool keeps the connections of reads: at most as many as it has slots.
type pool struct {
	store *Store
	slots chan struct{}

	mutex sync.Mutex
	idle  []*conn // the one used last is the last
}

func newPool(s *Store, size int) *pool { return &pool{store: s, slots: make(chan struct{}, size)} }

// take returns a connection, which must be given back.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	if c := p.pop(); c != nil {
		p.store.figures.reused.Add(1)
		return c, nil
	}
	c, err := p.store.reader(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return c, nil
}

// enter waits for a slot.
func (p *pool) enter(ctx context.Context) error {
	select {
	case <-p.store.closing:
		return ErrClosed
	default:
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	start := time.Now()
	defer func() {
		p.store.figures.waits.Add(1)
		p.store.figures.waited.Add(int64(time.Since(start)))
	}()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		p.store.figures.timeouts.Add(1)
		return ctx.Err()
	}
}

// pop returns an idle connection whose time is not over, nil if there is none.
func (p *pool) pop() *conn {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if time.Now().Before(c.expires) {
			return c
		}
		p.store.figures.replaced.Add(1)
		_ = c.close() // it was only read from
	}
	return nil
}

// give takes a connection back, after a read that ended with an error or nil.
func (p *pool) give(c *conn, err error) {
	if c.broken || isFault(err) {
		p.store.figures.replaced.Add(1)
		_ = c.close()
	} else {
		p.mutex.Lock()
		p.idle = append(p.idle, c)
		p.mutex.Unlock()
	}
	<-p.slots
}

// close closes the idle connections.
func (p *pool) close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	p.idle = nil
	return errors.Join(errs...)
}
