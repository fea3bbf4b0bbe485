// Package slots bounds how much of something is in use at a time, by each
// network and by all together. Who finds no slot free may wait for one: then
// networks take turns, so that one that asks for much keeps no other waiting.
package slots

import (
	"container/list"
	"context"
	"errors"
	"net/netip"
	"sync"
)

// What a slot can be refused for.
var (
	// ErrEach is a network that has as many slots as one may have.
	ErrEach = errors.New("the network has all the slots that it may have")
	// ErrAll is that every slot is taken, whoever has them.
	ErrAll = errors.New("all slots are taken")
)

// Bounds are how many slots there are. They are positive.
type Bounds struct {
	// Each is for one network.
	Each int
	// All is for all networks together.
	All int
	// Waiting is how many may wait, all together; 0 is nobody.
	Waiting int
}

// Slots are the slots of one sort of thing. They may be used by many goroutines.
type Slots struct {
	bounds Bounds

	mu       sync.Mutex
	held     int // by all
	waiting  int
	networks map[netip.Prefix]*network
	turns    list.List // of the networks that wait, the next one first
}

// network is one that holds slots or waits for some.
type network struct {
	held  int
	queue list.List     // of chan struct{}: closed when the slot is granted
	turn  *list.Element // in turns, while the queue has anybody
}

// New returns slots that are all free.
func New(b Bounds) *Slots {
	return &Slots{bounds: b, networks: make(map[netip.Prefix]*network)}
}

// TryAcquire takes a slot that is free, or fails at once with [ErrEach] or [ErrAll].
// Who has one gives it back with [Slots.Release].
func (s *Slots) TryAcquire(key netip.Prefix) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tryAcquire(key)
}

func (s *Slots) tryAcquire(key netip.Prefix) error {
	n := s.networks[key]
	if n != nil && n.held >= s.bounds.Each {
		return ErrEach
	}
	if s.held >= s.bounds.All {
		return ErrAll
	}
	s.grant(key)
	return nil
}

func (s *Slots) grant(key netip.Prefix) {
	s.network(key).held++
	s.held++
}

func (s *Slots) network(key netip.Prefix) *network {
	n := s.networks[key]
	if n == nil {
		n = new(network)
		s.networks[key] = n
	}
	return n
}

// Acquire takes a slot, and waits for one as long as the context lasts. It fails
// with what is in the way, or at once where too many wait already.
func (s *Slots) Acquire(ctx context.Context, key netip.Prefix) error {
	granted, place, err := s.enqueue(key)
	if granted == nil {
		return err
	}
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
		return s.leave(key, place, granted, err)
	}
}

// enqueue takes a slot (then granted and err are nil), or a place in the queue,
// or nothing. In the latter cases err is what is in the way.
func (s *Slots) enqueue(key netip.Prefix) (granted chan struct{}, place *list.Element, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = s.tryAcquire(key); err == nil || s.waiting >= s.bounds.Waiting {
		return nil, nil, err
	}
	n := s.network(key)
	granted = make(chan struct{})
	place = n.queue.PushBack(granted)
	if n.turn == nil {
		n.turn = s.turns.PushBack(key)
	}
	s.waiting++
	return granted, place, err
}

// leave gives the place in the queue up, unless the slot was granted just now.
func (s *Slots) leave(key netip.Prefix, place *list.Element, granted chan struct{}, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-granted:
		return nil
	default:
	}
	n := s.networks[key]
	n.queue.Remove(place)
	s.waiting--
	s.tidy(key, n)
	return err
}

// Release gives a slot back. It goes to a network that waits, if there is one.
func (s *Slots) Release(key netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.networks[key]
	n.held--
	s.held--
	s.next()
	s.tidy(key, n)
}

// next grants the slot that is free to the first network in turn that may have
// another one. That network's next turn comes after all others'. Of networks that
// may not there are at most All/Each, so the search is short.
func (s *Slots) next() {
	for turn := s.turns.Front(); turn != nil; turn = turn.Next() {
		key := turn.Value.(netip.Prefix)
		n := s.networks[key]
		if n.held >= s.bounds.Each {
			continue
		}
		first := n.queue.Front()
		close(n.queue.Remove(first).(chan struct{}))
		s.waiting--
		s.grant(key)
		s.turns.MoveToBack(turn)
		s.tidy(key, n)
		return
	}
}

// tidy forgets a network that has and wants nothing, and the turn of one that does not wait.
func (s *Slots) tidy(key netip.Prefix, n *network) {
	if n.queue.Len() > 0 {
		return
	}
	if n.turn != nil {
		s.turns.Remove(n.turn)
		n.turn = nil
	}
	if n.held == 0 {
		delete(s.networks, key)
	}
}

// Use is how much is in use.
type Use struct{ Held, Waiting int }

// Use returns how many slots are held and how many wait for one.
func (s *Slots) Use() Use {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Use{s.held, s.waiting}
}

// Network is the network that an address stands for: an IPv4 address alone, of
// IPv6 the /64 that a client commonly has all of. An IPv4 address mapped into IPv6 is
// the IPv4 address. What is not an address is the zero network, one for all.
func Network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
