package backup

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// format is the version of the snapshots that this program writes, and the
// latest that it reads.
const format = 1

// The bounds of what is read of a snapshot, in bytes.
const (
	maxSnapshot = 64 << 20
	maxManifest = 256 << 20
)

// Manifest says what a snapshot holds.
type Manifest struct {
	// Time is when the snapshot was begun.
	Time time.Time `json:"time"`
	// Parts are what can be restored by itself.
	Parts []Part `json:"parts"`
}

// Part is a file or a folder with its files.
type Part struct {
	Name  string `json:"name"`
	Files []File `json:"files"`
	// Folders are the part's own folder, with an empty path, and those in it.
	// Snapshots of earlier versions have none.
	Folders []Directory `json:"folders,omitempty"`
}

// Directory is a folder of a part.
type Directory struct {
	Path  string      `json:"path"`
	Mode  fs.FileMode `json:"mode"`
	Owner Owner       `json:"owner,omitzero"`
}

// Owner are the numbers of a user and a group.
type Owner struct {
	User  int `json:"user"`
	Group int `json:"group"`
}

// File is a file of a part.
type File struct {
	// Path is relative to the part's folder, with slashes. It is empty if the part
	// is a file.
	Path string `json:"path"`
	// Mode has the file's permissions.
	Mode  fs.FileMode `json:"mode"`
	Owner Owner       `json:"owner,omitzero"`
	// Time is when the file was last changed.
	Time time.Time `json:"time"`
	// Size is the file's, in bytes.
	Size int64 `json:"size"`
	// SHA256 is the hash of all of the file.
	SHA256 []byte `json:"sha256"`
	// Chunks are the names of the objects that hold it, in order.
	Chunks []string `json:"chunks"`
}

// snapshot is the form of a snapshot's file.
type snapshot struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	// Objects are the names of all objects that the manifest needs. They are not
	// sealed, so that a machine that cannot read its backups can prune them.
	Objects   []string `json:"objects"`
	Manifest  []byte   `json:"manifest"` // sealed
	Signer    []byte   `json:"signer"`
	Signature []byte   `json:"signature,omitempty"`
}

// signatureContext keeps a signature from meaning anything elsewhere.
const signatureContext = "odordiff backup snapshot\n"

// signed returns what the signature is of.
func (s snapshot) signed() ([]byte, error) {
	s.Signature = nil
	text, err := json.Marshal(s)
	return append([]byte(signatureContext), text...), err
}

func (s *snapshot) sign(key *Key) error {
	s.Signer = key.signer.Public().(ed25519.PublicKey)
	text, err := s.signed()
	if err != nil {
		return err
	}
	s.Signature = ed25519.Sign(key.signer, text)
	return nil
}

// ErrForged means that a snapshot is not what its signer wrote, or that of
// another signer than the one that is believed.
var ErrForged = errors.New("the snapshot is not to be believed")

// check verifies the signature. An empty signer believes every one.
func (s *snapshot) check(id, signer string) error {
	if s.Format != format {
		return fmt.Errorf("its format is %d; this program reads %d: upgrade it", s.Format, format)
	}
	if s.ID != id {
		return fmt.Errorf("%w: it is %q under another name", ErrForged, s.ID)
	}
	text, err := s.signed()
	if err != nil {
		return err
	}
	if len(s.Signer) != ed25519.PublicKeySize || !ed25519.Verify(s.Signer, text, s.Signature) {
		return fmt.Errorf("%w: its signature is wrong", ErrForged)
	}
	if by := base64.StdEncoding.EncodeToString(s.Signer); signer != "" && by != signer {
		return fmt.Errorf("%w: %s signed it", ErrForged, by)
	}
	return nil
}

// read returns a snapshot of the target, whose signature it has verified.
func (r *Repository) read(ctx context.Context, id string) (*snapshot, error) {
	content, err := r.Target.Get(ctx, snapshotFolder+id+snapshotEnding)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", id, ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("reading snapshot %s: %w", id, err)
	}
	text, err := io.ReadAll(io.LimitReader(content, maxSnapshot))
	if err := errors.Join(err, content.Close()); err != nil {
		return nil, fmt.Errorf("reading snapshot %s: %w", id, err)
	}
	s, err := parse(text)
	if err == nil {
		err = s.check(id, r.Signer)
	}
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", id, err)
	}
	return s, nil
}

func parse(text []byte) (*snapshot, error) {
	var s snapshot
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return &s, nil
}

// Contents returns what a snapshot holds, and the public key that signed it.
func (r *Repository) Contents(ctx context.Context, id string) (*Manifest, string, error) {
	s, err := r.read(ctx, id)
	if err != nil {
		return nil, "", err
	}
	manifest, err := r.open(s)
	if err != nil {
		return nil, "", fmt.Errorf("snapshot %s: %w", id, err)
	}
	return manifest, base64.StdEncoding.EncodeToString(s.Signer), nil
}

func (r *Repository) open(s *snapshot) (*Manifest, error) {
	text, err := unseal(bytes.NewReader(s.Manifest), maxManifest, r.Identities)
	if err != nil {
		return nil, err
	}
	manifest := new(Manifest)
	if err := json.Unmarshal(text, manifest); err != nil {
		return nil, fmt.Errorf("%w: its manifest: %w", ErrForged, err)
	}
	for _, part := range manifest.Parts {
		if err := part.check(s.Objects); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForged, err)
		}
	}
	return manifest, nil
}

// check refuses paths that lead out of the folder to which a part is restored,
// and objects that the snapshot does not list: a prune would remove them.
func (p Part) check(objects []string) error {
	if !IsLocal(p.Name) {
		return fmt.Errorf("the part %q is no name", p.Name)
	}
	for _, folder := range p.Folders {
		if folder.Path != "" && !IsLocal(folder.Path) {
			return fmt.Errorf("%s: the path %q leads elsewhere", p.Name, folder.Path)
		}
	}
	for _, file := range p.Files {
		if file.Path != "" && !IsLocal(file.Path) {
			return fmt.Errorf("%s: the path %q leads elsewhere", p.Name, file.Path)
		}
		for _, chunk := range file.Chunks {
			if _, listed := slices.BinarySearch(objects, chunk); !listed {
				return fmt.Errorf("%s: %q is not among the objects", p.Name, chunk)
			}
		}
	}
	return nil
}
