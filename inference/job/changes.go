package job

import (
	"hash/maphash"
	"sync"
)

// changes tells those who wait in this process that something has happened.
type changes struct {
	woken chan struct{} // has room for one signal

	seed  maphash.Seed
	mutex sync.Mutex
	// Jobs share a few channels: whoever is told looks for himself, and ids that
	// nobody has take no memory.
	waiting [64]chan struct{}
}

func newChanges() *changes {
	return &changes{woken: make(chan struct{}, 1), seed: maphash.MakeSeed()}
}

// wake says that there may be something to take.
func (c *changes) wake() {
	select {
	case c.woken <- struct{}{}:
	default: // it was said already
	}
}

func (c *changes) place(id string) *chan struct{} {
	return &c.waiting[maphash.String(c.seed, id)%uint64(len(c.waiting))]
}

// of returns a channel that is closed when a job may have changed.
func (c *changes) of(id string) <-chan struct{} {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	waiting := c.place(id)
	if *waiting == nil {
		*waiting = make(chan struct{})
	}
	return *waiting
}

// tell says that a job has changed.
func (c *changes) tell(id string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if waiting := c.place(id); *waiting != nil {
		close(*waiting)
		*waiting = nil
	}
}
