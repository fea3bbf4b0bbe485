package job

import "sync"

// changes tells those who wait in this process that something has happened.
type changes struct {
	woken chan struct{} // has room for one signal

	mutex   *sync.Mutex
	waiting map[string]chan struct{} // by the id of the job
}

func newChanges() changes {
	return changes{make(chan struct{}, 1), new(sync.Mutex), map[string]chan struct{}{}}
}

// wake says that there may be something to take.
func (c *changes) wake() {
	select {
	case c.woken <- struct{}{}:
	default: // it was said already
	}
}

// of returns a channel that is closed with the next change of a job.
func (c *changes) of(id string) <-chan struct{} {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.waiting[id] == nil {
		c.waiting[id] = make(chan struct{})
	}
	return c.waiting[id]
}

// tell says that a job has changed.
func (c *changes) tell(id string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if waiting, ok := c.waiting[id]; ok {
		close(waiting)
		delete(c.waiting, id)
	}
}
