package audit

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize  = 32
	sealInfo = "odordiff-audit/1 seal"
)

// ratchet seals the events of one segment, or opens them in the same order.
type ratchet struct {
	trail string
	chain [keySize]byte
	count uint64
	plain []byte // scratch
}

// newRatchet returns a ratchet with a fresh key, and the key as an age file for
// the recipients.
func newRatchet(trail string, recipients []age.Recipient) (*ratchet, []byte, error) {
	r := &ratchet{trail: trail}
	_, _ = rand.Read(r.chain[:]) // never fails: see its documentation
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err == nil {
		_, err = w.Write(r.chain[:])
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("encrypting a segment's key to the recipients: %w", err)
	}
	return r, file.Bytes(), nil
}

// openRatchet returns the ratchet whose key is in an age file.
func openRatchet(trail string, file []byte, identities []age.Identity) (*ratchet, error) {
	plain, err := age.Decrypt(bytes.NewReader(file), identities...)
	if err != nil {
		return nil, fmt.Errorf("decrypting the segment's key: %w", err)
	}
	r := &ratchet{trail: trail}
	if _, err := io.ReadFull(plain, r.chain[:]); err != nil {
		return nil, fmt.Errorf("decrypting the segment's key: %w", err)
	}
	if n, err := plain.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errors.New("decrypting the segment's key: it has another length")
	}
	return r, nil
}

// aead seals or opens one event.
type aead struct {
	cipher cipher.AEAD
	nonce  [chacha20poly1305.NonceSize]byte
}

// turn returns what seals the next event, and moves the key on. The key that
// was is overwritten.
func (r *ratchet) turn() (aead, error) {
	keys, err := hkdf.Expand(sha256.New, r.chain[:], sealInfo, 2*keySize)
	if err != nil {
		return aead{}, fmt.Errorf("deriving a key: %w", err)
	}
	defer clear(keys)
	copy(r.chain[:], keys)
	sealing, err := chacha20poly1305.New(keys[keySize:])
	if err != nil {
		return aead{}, fmt.Errorf("making a cipher: %w", err)
	}
	var nonce [chacha20poly1305.NonceSize]byte
	binary.LittleEndian.PutUint64(nonce[:], r.count)
	r.count++
	return aead{sealing, nonce}, nil
}

// appendSealed appends the body that seals an event as the record of a number.
func (r *ratchet) appendSealed(b, event []byte, seq uint64) ([]byte, error) {
	with, err := r.turn()
	if err != nil {
		return b, err
	}
	r.plain = with.cipher.Seal(r.plain[:0], with.nonce[:], event, r.bound(seq))
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, r.plain)
	return append(b, '"'), nil
}

var errSealed = errors.New("the sealed event cannot be opened")

// open opens the body of the record of a number. It moves the key on in any
// case, so that later records can be opened.
func (r *ratchet) open(body []byte, seq uint64) ([]byte, error) {
	with, err := r.turn()
	if err != nil {
		return nil, err
	}
	quoted, ok := bytes.CutSuffix(body, []byte(`"`))
	if !ok || len(quoted) == 0 {
		return nil, errSealed
	}
	sealed, err := base64.StdEncoding.Strict().AppendDecode(nil, quoted[1:])
	if err != nil {
		return nil, errSealed
	}
	event, err := with.cipher.Open(sealed[:0], with.nonce[:], sealed, r.bound(seq))
	if err != nil {
		return nil, errSealed
	}
	return event, nil
}

// bound is the additional data, which ties an event to its place.
func (r *ratchet) bound(seq uint64) []byte {
	return strconv.AppendUint(append([]byte(r.trail), '\n'), seq, 10)
}

// erase overwrites the key.
func (r *ratchet) erase() {
	if r != nil {
		clear(r.chain[:])
	}
}
