// Package nonce remembers which nonces were used, so that an overheard
// signature cannot be sent again. A store never forgets a nonce before it
// expires. If the store has no room or no connection, it returns an error and
// the caller refuses.
package nonce

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

var (
	// ErrFull says that a bounded store has no room for a further nonce.
	ErrFull = errors.New("nonce store is full")
	// ErrUnavailable says that the store could not be asked.
	ErrUnavailable = errors.New("nonce store is unavailable")
)

// Store remembers nonces. Its methods may be called concurrently.
type Store interface {
	// Use marks a nonce as used for ttl, which is positive, and reports whether
	// it was fresh. The scope keeps the nonces of different keys apart; both
	// may be any strings. An error wraps [ErrFull] or [ErrUnavailable]: it is
	// then unknown whether the nonce was fresh, and the request must be
	// refused.
	Use(ctx context.Context, scope, nonce string, ttl time.Duration) (fresh bool, err error)
}

// digest is what a store keeps of a nonce. It has the same size whatever the
// client sent, and does not reveal it.
type digest [sha256.Size]byte

func digestOf(scope, nonce string) digest {
	h := sha256.New()
	// The length keeps ("a", "bc") and ("ab", "c") apart.
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(scope)))
	h.Write(length[:])
	h.Write([]byte(scope))
	h.Write([]byte(nonce))
	return digest(h.Sum(nil))
}
