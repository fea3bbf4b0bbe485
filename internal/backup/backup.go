// Package backup keeps snapshots of files on a target, such as a folder or an
// S3 bucket, sealed so that only those who hold an age identity can read them.
//
// A snapshot is one file of the target. It lists the objects that it needs, and
// has the manifest: which file has which content, sealed. An object is up to
// [chunkSize] bytes of a file, compressed and sealed. Its name is a keyed hash
// of what it holds, so what did not change is not stored again, and the name
// tells nothing to whoever has no key. A snapshot is signed by the machine that
// made it: anyone may seal something to a recipient.
//
// Nothing is changed on the target once it is there. A snapshot is put last, so
// one that is listed has all of its objects.
package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// chunkSize is how much of a file one object holds, in bytes. A file that only
// grows, as a log does, shares all its whole chunks with earlier snapshots.
const chunkSize = 4 << 20

// Where the repository keeps what, on its target.
const (
	objectFolder   = "objects/"
	snapshotFolder = "snapshots/"
	snapshotEnding = ".json"
)

// Repository is a place where snapshots are kept. Its methods may be called
// concurrently, but snapshots should be taken one after the other.
type Repository struct {
	// Target is where everything is kept.
	Target Target
	// Key is what this machine names, seals and signs with. Nil can only read.
	Key *Key
	// Recipients are those who can read what is written. At least one is needed to
	// write.
	Recipients []age.Recipient
	// Identities open what is read. At least one is needed to restore.
	Identities []age.Identity
	// Signer is the public key whose snapshots are believed, as [Key.Signer]
	// gives it. Empty believes that of every snapshot.
	Signer string
	// Anew stores everything again, also what the target has already: it may be
	// damaged.
	Anew bool
	// Now is the clock. Nil is the system's.
	Now func() time.Time
}

// ErrNone means that the repository has no snapshot that was asked for.
var ErrNone = errors.New("there is no such snapshot")

func (r *Repository) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// List returns the snapshots' heads, the oldest first.
func (r *Repository) List(ctx context.Context) ([]Head, error) {
	objects, err := r.Target.List(ctx, snapshotFolder)
	if err != nil {
		return nil, fmt.Errorf("listing the snapshots: %w", err)
	}
	var heads []Head
	for _, object := range objects {
		id, isSnapshot := strings.CutSuffix(strings.TrimPrefix(object.Name, snapshotFolder), snapshotEnding)
		if at, ok := timeOf(id); ok && isSnapshot {
			heads = append(heads, Head{ID: id, Time: at, Size: object.Size})
		}
	}
	slices.SortFunc(heads, func(a, b Head) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	return heads, nil
}

// Head is what the list of a target shows of a snapshot.
type Head struct {
	// ID is the snapshot's name, which begins with its time.
	ID string
	// Time is when the snapshot was begun, to the millisecond.
	Time time.Time
	// Size is how many bytes the snapshot's own file has, without its objects.
	Size int64
}

// Find returns the head of the last snapshot that was begun at the time or
// before. A zero time finds the last of all. If there is none, the error is
// [ErrNone].
func (r *Repository) Find(ctx context.Context, at time.Time) (Head, error) {
	heads, err := r.List(ctx)
	if err != nil {
		return Head{}, err
	}
	for _, head := range slices.Backward(heads) {
		if at.IsZero() || !head.Time.After(at) {
			return head, nil
		}
	}
	return Head{}, ErrNone
}

// idLayout orders the names of snapshots by time.
const idLayout = "20060102T150405.000Z"

func timeOf(id string) (time.Time, bool) {
	text, _, _ := strings.Cut(id, "-")
	at, err := time.Parse(idLayout, text)
	return at, err == nil
}
