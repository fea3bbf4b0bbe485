package token

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"
)

// verified is what a valid signature proved. It says nothing about time:
// whether the claims are valid now is judged at each use.
type verified struct {
	claims Claims
	// keyValid reports whether the signing key is valid at a moment.
	keyValid func(time.Time) bool
	// sources are the revisions of the keys at that time.
	sources revisions
}

// revisions are those of the keyring and of the key set. A change of either
// makes every verified token unverified again.
type revisions [2]uint64

// cache remembers the tokens verified most recently. It holds their hashes, not
// the tokens.
type cache struct {
	capacity int

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*list.Element
	recent  list.List // of *cached, the most recent in front
}

type cached struct {
	key   [sha256.Size]byte
	value *verified
}

func newCache(capacity int) *cache {
	return &cache{capacity: capacity, entries: make(map[[sha256.Size]byte]*list.Element)}
}

// get returns what was proved under the same revisions, if it is not over its
// time.
func (c *cache) get(key [sha256.Size]byte, now revisions, at time.Time) (*verified, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return nil, false
	}
	value := element.Value.(*cached).value
	if value.sources != now || !at.Before(value.claims.Expiry) {
		c.remove(element)
		return nil, false
	}
	c.recent.MoveToFront(element)
	return value, true
}

func (c *cache) put(key [sha256.Size]byte, value *verified) {
	if c.capacity == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[key]; ok {
		element.Value.(*cached).value = value
		c.recent.MoveToFront(element)
		return
	}
	if len(c.entries) >= c.capacity {
		c.remove(c.recent.Back())
	}
	c.entries[key] = c.recent.PushFront(&cached{key: key, value: value})
}

func (c *cache) remove(element *list.Element) {
	delete(c.entries, element.Value.(*cached).key)
	c.recent.Remove(element)
}
