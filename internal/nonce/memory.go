package nonce

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// DefaultCapacity is how many nonces a memory store holds by default: about 800
// requests a second at the default window of five minutes, in about 40 MiB.
const DefaultCapacity = 1 << 18

// Memory keeps nonces in this process. When it is full of nonces that have not
// expired, it refuses new ones, because forgetting one would permit its replay.
type Memory struct {
	capacity int
	now      func() time.Time

	mu       sync.Mutex
	used     map[digest]struct{}
	expiries expiries
}

// NewMemory returns an empty store of at most capacity nonces (0 means
// [DefaultCapacity]) on the given clock (nil means [time.Now]).
func NewMemory(capacity int, now func() time.Time) *Memory {
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{capacity: capacity, now: now, used: make(map[digest]struct{})}
}

// Use implements [Store].
func (m *Memory) Use(_ context.Context, scope, nonce string, ttl time.Duration) (bool, error) {
	key, now := digestOf(scope, nonce), m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	if _, used := m.used[key]; used {
		return false, nil
	}
	if len(m.used) >= m.capacity {
		return false, fmt.Errorf("%w: %d nonces are still in time", ErrFull, len(m.used))
	}
	m.used[key] = struct{}{}
	heap.Push(&m.expiries, expiry{at: now.Add(ttl), key: key})
	return true, nil
}

// Len returns how many nonces are held. Some may have expired.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.used)
}

// Capacity returns how many nonces may be held.
func (m *Memory) Capacity() int { return m.capacity }

// forget drops expired nonces. Each is dropped once, so a request drops one on
// average.
func (m *Memory) forget(now time.Time) {
	for len(m.expiries) > 0 && !m.expiries[0].at.After(now) {
		delete(m.used, heap.Pop(&m.expiries).(expiry).key)
	}
}

type expiry struct {
	at  time.Time
	key digest
}

// expiries is a heap, the first to expire on top.
type expiries []expiry

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiries) Push(x any)        { *e = append(*e, x.(expiry)) }
func (e *expiries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// Interface guard
var _ Store = (*Memory)(nil)
