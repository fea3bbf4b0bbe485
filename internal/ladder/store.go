package ladder

import (
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits are the bounds of a store. A zero field means its default.
type Limits struct {
	// TTL is how long an answer may be served after it was given. Default: 10m.
	TTL time.Duration
	// MaxSize is how many bytes all answers may take, with their headers and
	// the bookkeeping; at most 1 TiB. Default: 64 MiB.
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

// Answer is a complete response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Store keeps answers in memory within its limits. It drops the least recently
// used answers first. It does not compress bodies: answers are a few kilobytes,
// and compression would slow every request to save memory that is bounded
// anyway. The answers lie outside Go's heap, and what leads to them has no
// pointers, so that the garbage collector has nothing to do for them. Its
// methods may be called concurrently.
type Store struct {
	limits Limits
	began  time.Time

	mu      sync.Mutex
	size    int64
	blocks  *blocks
	numbers map[Key]uint32 // of slots
	slots   []slot         // The first is the ring's beginning.
	vacant  []uint32       // slots that are not used
}

// slot leads to an answer.
type slot struct {
	key Key
	// newer and older are the neighbours in the ring of slots by their last
	// use. The newest is the one older than the beginning.
	newer, older uint32
	record       uint32 // the first of its blocks
	length       int64  // of the record in bytes
	at           time.Duration
}

// overhead is about what a slot and its number take in bytes.
const overhead = 128

// maxStore keeps the numbers of blocks within 32 bits.
const maxStore = 1 << 40

// NewStore returns an empty store. It fails if its memory cannot be reserved.
func NewStore(limits Limits) (*Store, error) {
	limits = limits.withDefaults()
	if limits.MaxSize > maxStore {
		return nil, errors.New("more than 1 TiB is not supported")
	}
	blocks, err := newBlocks(limits.MaxSize)
	if err != nil {
		return nil, err
	}
	return &Store{
		limits: limits, began: time.Now(), blocks: blocks,
		numbers: make(map[Key]uint32), slots: make([]slot, 1),
	}, nil
}

// Limits returns the store's limits.
func (s *Store) Limits() Limits { return s.limits }

// Put keeps a copy of the answer to a request with the given header, replaces
// the previous one, and reports whether the answer fits the limits.
func (s *Store) Put(key Key, request http.Header, answer Answer) bool {
	var room [1 << 10]byte // for most heads
	head := appendHead(room[:0], request, answer)
	length := int64(len(head) + len(answer.Body))

	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.numbers[key])
	s.removeExpired()
	size := sizeOf(length)
	if int64(len(answer.Body)) > s.limits.MaxEntry || size > s.limits.MaxSize {
		return false
	}
	for s.size+size > s.limits.MaxSize {
		s.remove(s.oldest())
	}
	number := s.vacancy()
	s.slots[number] = slot{
		key: key, record: s.blocks.write(head, answer.Body), length: length, at: time.Since(s.began),
	}
	s.numbers[key] = number
	s.link(number)
	s.size += size
	return true
}

// Get returns the answer kept for the request with the given header, and its
// age. It returns false if there is none, if it is older than the TTL, or if it
// depends on a header field in which the requests differ.
func (s *Store) Get(key Key, request http.Header) (Answer, time.Duration, bool) {
	record, age, ok := s.take(key)
	if !ok {
		return Answer{}, 0, false
	}
	varies, answer := split(record)
	for name, values := range varies {
		if !slices.Equal(slices.Collect(members(values)), slices.Collect(members(request[name]))) {
			return Answer{}, 0, false
		}
	}
	return answer, age, true
}

// take returns a copy of the record of a key and its age, and makes it the
// newest.
func (s *Store) take(key Key) ([]byte, time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, ok := s.numbers[key]
	if !ok {
		return nil, 0, false
	}
	age := s.age(number)
	if age > s.limits.TTL {
		s.remove(number)
		return nil, 0, false
	}
	s.unlink(number)
	s.link(number)
	return s.blocks.read(s.slots[number].record, s.slots[number].length), age, true
}

// Len returns how many answers are kept.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.numbers)
}

// Size returns how many bytes the answers take; never more than MaxSize.
func (s *Store) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// remove takes out a slot; 0 is none. s.mu is held.
func (s *Store) remove(number uint32) {
	if number == 0 {
		return
	}
	gone := s.slots[number]
	s.unlink(number)
	s.blocks.giveBack(gone.record)
	s.vacant = append(s.vacant, number)
	delete(s.numbers, gone.key)
	s.size -= sizeOf(gone.length)
}

// removeExpired removes the expired answers at the end of the ring. An expired
// answer further up was used within its TTL, and everything behind it expires
// within another TTL. So while answers come in, none stays for longer than
// twice the TTL. s.mu is held.
func (s *Store) removeExpired() {
	for last := s.oldest(); last != 0 && s.age(last) > s.limits.TTL; last = s.oldest() {
		s.remove(last)
	}
}

func (s *Store) age(number uint32) time.Duration { return time.Since(s.began) - s.slots[number].at }

// oldest returns the slot whose last use is the longest ago, or 0.
func (s *Store) oldest() uint32 { return s.slots[0].newer }

// link makes a slot the newest.
func (s *Store) link(number uint32) {
	newest := s.slots[0].older
	s.slots[number].older, s.slots[number].newer = newest, 0
	s.slots[newest].newer, s.slots[0].older = number, number
}

func (s *Store) unlink(number uint32) {
	newer, older := s.slots[number].newer, s.slots[number].older
	s.slots[older].newer, s.slots[newer].older = newer, older
}

// vacancy returns a slot that is not used.
func (s *Store) vacancy() uint32 {
	if last := len(s.vacant) - 1; last >= 0 {
		number := s.vacant[last]
		s.vacant = s.vacant[:last]
		return number
	}
	s.slots = append(s.slots, slot{})
	return uint32(len(s.slots) - 1)
}

// sizeOf returns the memory that a record of so many bytes takes.
func sizeOf(length int64) int64 { return overhead + blocksFor(length, payloadSize)*blockSize }

// appendHead writes what a record has before the body: the status, the fields
// of the request that the answer depends on, and the answer's own header.
func appendHead(record []byte, request http.Header, answer Answer) []byte {
	record = binary.AppendUvarint(record, uint64(answer.Status))
	names := varying(answer.Header)
	record = binary.AppendUvarint(record, uint64(len(names)))
	for _, name := range names {
		name = http.CanonicalHeaderKey(name)
		record = appendField(record, name, request[name])
	}
	record = binary.AppendUvarint(record, uint64(len(answer.Header)))
	for name, values := range answer.Header {
		record = appendField(record, name, values)
	}
	return record
}

// split is the way back from a record.
func split(record []byte) (varies http.Header, answer Answer) {
	rest := unpacker(record)
	answer.Status = rest.number()
	varies = rest.header()
	answer.Header = rest.header()
	answer.Body = rest
	return varies, answer
}
