package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ErrTaken means that a restore would have overwritten something.
var ErrTaken = errors.New("something is there already")

// Restored says what a restore wrote.
type Restored struct {
	Files int
	Bytes int64
	Took  time.Duration
}

// Restore writes parts of a snapshot into a folder, each under its own name. No
// names restore all parts. Nothing is overwritten: where a part has a place
// already, the error is [ErrTaken] and nothing was written. The last snapshot
// is continued by what a [Follower] has copied since. A part is there whole or
// not at all. What was written is compared with the hashes. Permissions are as
// they were, and so are the owners where root restores.
func (r *Repository) Restore(ctx context.Context, id, folder string, names ...string) (*Restored, error) {
	restored, parts, err := r.restore(ctx, id, folder, names)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if err := part.giveFolders(filepath.Join(folder, part.Name)); err != nil {
			return nil, fmt.Errorf("%s was restored, but not its folders' permissions: %w", part.Name, err)
		}
	}
	return restored, nil
}

// restore is Restore, but its folders are open to their owner, so that they can
// be removed again.
func (r *Repository) restore(ctx context.Context, id, folder string, names []string) (*Restored, []Part, error) {
	begun := r.now()
	manifest, signer, err := r.Contents(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	last, err := r.Find(ctx, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	if id != last.ID {
		signer = "" // The tails continue the last snapshot only.
	}
	parts, err := manifest.choose(names)
	if err != nil {
		return nil, nil, err
	}
	if err := checkFree(folder, parts); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, err
	}
	scratch, err := os.MkdirTemp(folder, ".restore-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // what is left of it
	restored := &Restored{}
	for _, part := range parts {
		if err := r.restorePart(ctx, part, filepath.Join(scratch, part.Name), signer, restored); err != nil {
			return nil, nil, fmt.Errorf("restoring %s: %w", part.Name, err)
		}
	}
	if err := publish(scratch, folder, parts); err != nil {
		return nil, nil, err
	}
	restored.Took = r.now().Sub(begun)
	return restored, parts, nil
}

// publish moves the parts to their places when all of them are whole.
func publish(scratch, folder string, parts []Part) error {
	if err := checkFree(folder, parts); err != nil {
		return err
	}
	for _, part := range parts {
		if err := os.Rename(filepath.Join(scratch, part.Name), filepath.Join(folder, part.Name)); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

// choose returns the parts with the names, or all.
func (m *Manifest) choose(names []string) ([]Part, error) {
	if len(names) == 0 {
		return m.Parts, nil
	}
	var all []string
	for _, part := range m.Parts {
		all = append(all, part.Name)
	}
	var chosen []Part
	for _, name := range names {
		i := slices.Index(all, name)
		if i < 0 {
			return nil, fmt.Errorf("the snapshot has no part %q; it has %q", name, all)
		}
		chosen = append(chosen, m.Parts[i])
	}
	return chosen, nil
}

func checkFree(folder string, parts []Part) error {
	for _, part := range parts {
		at := filepath.Join(folder, part.Name)
		switch _, err := os.Lstat(at); {
		case err == nil:
			return fmt.Errorf("%s: %w; move it away, or restore to another folder", at, ErrTaken)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// restorePart writes a part. Unless the signer is empty, it adds the signer's
// tails.
func (r *Repository) restorePart(ctx context.Context, part Part, at, signer string, restored *Restored) error {
	if !part.isFile() {
		if err := os.Mkdir(at, 0o700); err != nil {
			return err
		}
	}
	for _, file := range part.Files {
		if err := r.restoreFile(ctx, file, filepath.Join(at, filepath.FromSlash(file.Path))); err != nil {
			return err
		}
		restored.Files++
		restored.Bytes += file.Size
	}
	if signer == "" || part.isFile() {
		return nil
	}
	return r.appendTails(ctx, part, at, signer, restored)
}

func (p Part) isFile() bool { return len(p.Files) == 1 && p.Files[0].Path == "" }

func (r *Repository) restoreFile(ctx context.Context, file File, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	to, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = r.fill(ctx, file, to)
	if err := errors.Join(err, give(at, file.Owner, file.Mode), to.Sync(), to.Close()); err != nil {
		return fmt.Errorf("%s: %w", file.Path, err)
	}
	return os.Chtimes(at, time.Time{}, file.Time)
}

// ErrDamaged means that an object of the target does not hold what it did.
var ErrDamaged = errors.New("what is stored was damaged")

func (r *Repository) fill(ctx context.Context, file File, to *os.File) error {
	hash := sha256.New()
	for _, name := range file.Chunks {
		chunk, err := r.chunk(ctx, name)
		if err != nil {
			return err
		}
		hash.Write(chunk)
		if _, err := to.Write(chunk); err != nil {
			return err
		}
	}
	if !bytes.Equal(hash.Sum(nil), file.SHA256) {
		return fmt.Errorf("%w: the hash of the file is another", ErrDamaged)
	}
	return nil
}

// chunk returns what an object holds.
func (r *Repository) chunk(ctx context.Context, name string) ([]byte, error) {
	object, err := r.Target.Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is gone", ErrDamaged, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer object.Close()
	chunk, err := unseal(object, chunkSize, r.Identities)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return chunk, nil
}
