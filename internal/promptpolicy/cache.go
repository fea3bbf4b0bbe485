package promptpolicy

import "sync"

// maxKnown is how many results one generation of a cache holds.
const maxKnown = 1024

// cache remembers the results of a unit by what they depend on. It holds two
// generations: when the young one is full it becomes the old one, and the old
// one goes, except for what was asked for meanwhile.
type cache[T any] struct {
	mu         sync.Mutex
	young, old map[string]T
}

func newCache[T any]() *cache[T] { return &cache[T]{young: map[string]T{}} }

func (c *cache[T]) get(key []byte) (value T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if value, ok = c.young[string(key)]; ok {
		return value, true
	}
	if value, ok = c.old[string(key)]; ok {
		c.keep(string(key), value)
	}
	return value, ok
}

func (c *cache[T]) put(key []byte, value T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(string(key), value)
}

// keep puts a result into the young generation. c.mu is held.
func (c *cache[T]) keep(key string, value T) {
	if len(c.young) >= maxKnown {
		c.young, c.old = make(map[string]T, maxKnown), c.young
	}
	c.young[key] = value
}
