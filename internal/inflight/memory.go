package inflight

import (
	"context"
	"sync"
)

// Memory keeps the slots of one process. It has an entry for each key of which
// a slot is held, and nothing runs in the background.
type Memory struct {
	mu   sync.Mutex
	held map[string]int64
}

// NewMemory returns a store in which all slots are free.
func NewMemory() *Memory { return &Memory{held: make(map[string]int64)} }

// Acquire implements [Store].
func (m *Memory) Acquire(_ context.Context, demands []Demand) (*Slots, Verdict, error) {
	if err := validate(demands); err != nil {
		return nil, Verdict{}, err
	}
	slots := make([]slot, len(demands))
	for i, d := range demands {
		slots[i].key = nameOf(d)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	verdict := decide(demands, func(i int) int64 { return m.held[slots[i].key] })
	if !verdict.Allowed {
		return nil, verdict, nil
	}
	taken := verdict.taken(slots)
	for _, s := range taken {
		m.held[s.key]++
	}
	return &Slots{store: m, slots: taken}, verdict, nil
}

func (m *Memory) release(slots []slot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range slots {
		if m.held[s.key]--; m.held[s.key] == 0 {
			delete(m.held, s.key)
		}
	}
}

// Close implements [Store]. There is nothing to end.
func (m *Memory) Close() error { return nil }

// Interface guard
var _ Store = (*Memory)(nil)
