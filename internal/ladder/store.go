package ladder

import (
	"container/list"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits are the bounds of a store. A zero field means its default.
type Limits struct {
	// TTL is how long an answer may be served after it was given. Default: 10m.
	TTL time.Duration
	// MaxSize is how many bytes all answers may take, with their headers and an
	// estimate of the bookkeeping. Default: 64 MiB.
	MaxSize int64
	// MaxEntry is how many bytes the body of one answer may have. Default: 1 MiB.
	MaxEntry int64
}

// withDefaults returns the limits with every zero field set to its default.
func (l Limits) withDefaults() Limits {
	if l.TTL == 0 {
		l.TTL = 10 * time.Minute
	}
	if l.MaxSize == 0 {
		l.MaxSize = 64 << 20
	}
	if l.MaxEntry == 0 {
		l.MaxEntry = 1 << 20
	}
	return l
}

// Answer is a complete response. Its body must not be changed once it is
// stored.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Store keeps answers in memory within its limits. It drops the least recently
// used answers first. It does not compress bodies: answers are a few kilobytes,
// and compression would slow every request to save memory that is bounded
// anyway. Headers are packed: the garbage collector walks through a map of each
// answer at every collection. Its methods may be called concurrently.
type Store struct {
	limits Limits

	mu      sync.Mutex
	size    int64
	entries map[Key]*list.Element // of *entry
	recent  *list.List            // most recently used first
}

type entry struct {
	key    Key
	status int
	header []byte // packed
	body   []byte
	varies []field // the request's fields that the answer depends on
	at     time.Time
	size   int64
}

// field is a field of a request's header.
type field struct {
	name   string
	values []string
}

// overhead is about what an entry takes beside its texts: map, list and slices.
const overhead = 512

// NewStore returns an empty store.
func NewStore(limits Limits) *Store {
	return &Store{
		limits:  limits.withDefaults(),
		entries: make(map[Key]*list.Element),
		recent:  list.New(),
	}
}

// Limits returns the store's limits.
func (s *Store) Limits() Limits { return s.limits }

// Put keeps the answer to a request with the given header, replaces the
// previous one, and reports whether the answer fits the limits.
func (s *Store) Put(key Key, request http.Header, answer Answer) bool {
	names := varying(answer.Header)
	e := &entry{
		key: key, status: answer.Status, header: pack(answer.Header), body: answer.Body,
		varies: make([]field, len(names)), at: time.Now(),
	}
	for i, name := range names {
		name = http.CanonicalHeaderKey(name)
		// All values of a header may share one array: a part of it would keep
		// the rest, credentials too, in memory.
		e.varies[i] = field{name, slices.Clone(request[name])}
	}
	e.size = e.measure()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.entries[key])
	s.removeExpired()
	if int64(len(answer.Body)) > s.limits.MaxEntry || e.size > s.limits.MaxSize {
		return false
	}
	for s.size+e.size > s.limits.MaxSize {
		s.remove(s.recent.Back())
	}
	s.entries[key] = s.recent.PushFront(e)
	s.size += e.size
	return true
}

// Get returns the answer kept for the request with the given header, and its
// age. It returns false if there is none, if it is older than the TTL, or if it
// depends on a header field in which the requests differ.
func (s *Store) Get(key Key, request http.Header) (Answer, time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.entries[key]
	if !ok {
		return Answer{}, 0, false
	}
	e := element.Value.(*entry)
	age := time.Since(e.at)
	if age > s.limits.TTL {
		s.remove(element)
		return Answer{}, 0, false
	}
	for _, field := range e.varies {
		if !slices.Equal(slices.Collect(members(field.values)), slices.Collect(members(request[field.name]))) {
			return Answer{}, 0, false
		}
	}
	s.recent.MoveToFront(element)
	return Answer{Status: e.status, Header: unpack(e.header), Body: e.body}, age, true
}

// Len returns how many answers are kept.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Size returns how many bytes the answers take; never more than MaxSize.
func (s *Store) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// remove takes an element out. s.mu is held.
func (s *Store) remove(element *list.Element) {
	if element == nil {
		return
	}
	e := s.recent.Remove(element).(*entry)
	delete(s.entries, e.key)
	s.size -= e.size
}

// removeExpired removes the expired answers at the end of the list. An expired
// answer further up was used within its TTL, and everything behind it expires
// within another TTL. So while answers come in, none stays for longer than
// twice the TTL. s.mu is held.
func (s *Store) removeExpired() {
	for {
		last := s.recent.Back()
		if last == nil || time.Since(last.Value.(*entry).at) <= s.limits.TTL {
			return
		}
		s.remove(last)
	}
}

// measure estimates the memory that the entry takes.
func (e *entry) measure() int64 {
	size := overhead + cap(e.body) + len(e.header)
	for _, field := range e.varies {
		size += field.measure()
	}
	return int64(size)
}

func (f field) measure() int {
	size := len(f.name)
	for _, value := range f.values {
		size += len(value)
	}
	return size
}
