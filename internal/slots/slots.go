// Package slots bounds how much of something is in use at a time, by each
// network and by all together. A caller that finds no free slot may wait for
// one. Waiting networks take turns, so that a network with many requests does
// not hold up the others.
package slots

import (
	"container/list"
	"context"
	"errors"
	"net/netip"
	"sync"
)

// The reasons to refuse a slot.
var (
	// ErrEach says that the network has as many slots as one may have.
	ErrEach = errors.New("the network has all the slots that it may have")
	// ErrAll says that all slots are taken, by whichever networks.
	ErrAll = errors.New("all slots are taken")
)

// Bounds are how many slots there are. They are positive.
type Bounds struct {
	// Each is for one network.
	Each int
	// All is for all networks together.
	All int
	// Waiting is how many callers may wait, all together; with 0 none may.
	Waiting int
}

// Slots are the slots for one kind of resource. The methods may be called
// concurrently.
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

// New returns slots, all of them free.
func New(b Bounds) *Slots {
	return &Slots{bounds: b, networks: make(map[netip.Prefix]*network)}
}

// TryAcquire takes a slot that is free, or fails at once with [ErrEach] or
// [ErrAll]. Who has one gives it back with [Slots.Release].
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

// Acquire takes a slot, and waits for one as long as the context lasts. It
// fails with what is in the way, or at once where too many wait already.
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
// or nothing. In the last two cases err says why no slot was free.
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

// leave gives up the place in the queue, unless the slot has just been granted.
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
	s.forget(key, n)
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
	s.forget(key, n)
}

// next grants the free slot to the first network in turn that may have another
// one. That network's next turn comes after all others. At most All/Each
// networks may not have another one, so the search is short.
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
		s.forget(key, n)
		return
	}
}

// forget removes a network that holds no slot and waits for none, and the turn
// of a network that does not wait.
func (s *Slots) forget(key netip.Prefix, n *network) {
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

// Bounds returns how many slots there are.
func (s *Slots) Bounds() Bounds { return s.bounds }

// Use is how much is in use.
type Use struct{ Held, Waiting int }

// Use returns how many slots are held and how many wait for one.
func (s *Slots) Use() Use {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Use{s.held, s.waiting}
}

// Network returns the network that an address counts for: for IPv4 the address
// alone, for IPv6 its /64, which commonly belongs to one client. An IPv4
// address mapped into IPv6 counts as the IPv4 address. An invalid address
// counts for the zero network, which all of them share.
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
