package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Source is what a part of a snapshot is made of.
type Source struct {
	// Name is the part's. It is what the file or folder is called when it is
	// restored.
	Name string
	// Path is the file's or folder's.
	Path string
	// Without leaves out files and folders by their path below the source. Nil
	// leaves out nothing.
	Without func(path string) bool
}

// Result says what a snapshot took.
type Result struct {
	ID string
	// Files and Bytes count what the snapshot holds; Added is how many bytes of
	// it, sealed, were not on the target already.
	Files        int
	Bytes, Added int64
	Took         time.Duration
	// Manifest is what the snapshot holds.
	Manifest Manifest
	// Skipped are files that are neither files nor folders, such as links.
	Skipped []string
}

// Take makes a snapshot of the sources. What vanishes meanwhile is left out. Of
// a file that grows meanwhile it has what was there when it was read.
func (r *Repository) Take(ctx context.Context, sources ...Source) (*Result, error) {
	if r.Key == nil || len(r.Recipients) == 0 {
		return nil, ErrNoRecipient
	}
	begun := r.now()
	t := &taking{Repository: r, ctx: ctx, result: &Result{}, known: map[string]bool{}, needed: map[string]bool{}}
	var err error
	if t.names, err = namesOf(r.Recipients); err != nil {
		return nil, err
	}
	if err := t.learnObjects(); err != nil {
		return nil, err
	}
	at, err := r.timeAfterLast(ctx, begun)
	if err != nil {
		return nil, err
	}
	manifest := Manifest{Time: at}
	for _, source := range sources {
		part, err := t.part(source)
		if err != nil {
			return nil, fmt.Errorf("backing up %s: %w", source.Name, err)
		}
		manifest.Parts = append(manifest.Parts, part)
	}
	id, err := t.finish(manifest)
	if err != nil {
		return nil, err
	}
	t.result.ID, t.result.Manifest, t.result.Took = id, manifest, r.now().Sub(begun)
	return t.result, nil
}

// maxSkew is how far a clock may be put back unnoticed.
const maxSkew = time.Hour

// timeAfterLast returns the time of a new snapshot: now, or later where the
// clock was put back. So the last snapshot is always the one that was taken
// last.
func (r *Repository) timeAfterLast(ctx context.Context, now time.Time) (time.Time, error) {
	last, err := r.Find(ctx, time.Time{})
	if err != nil && !errors.Is(err, ErrNone) {
		return time.Time{}, err
	}
	now = now.UTC().Truncate(time.Millisecond)
	if last.Time.Sub(now) > maxSkew {
		return time.Time{}, fmt.Errorf("the last snapshot is of %s, and it is %s: set the clock, or remove what a wrong clock has made",
			last.Time.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	if !now.After(last.Time) {
		return last.Time.Add(time.Millisecond), nil
	}
	return now, nil
}

// taking is a snapshot that is being made.
type taking struct {
	*Repository
	ctx    context.Context
	names  []string // of the recipients
	known  map[string]bool
	needed map[string]bool
	result *Result
}

// learnObjects finds out what the target has already, and will keep: what the
// last snapshot needs, which every prune leaves, and what is young.
func (t *taking) learnObjects() error {
	if t.Anew {
		return nil
	}
	needed := make(map[string]bool)
	if last, err := t.Find(t.ctx, time.Time{}); err == nil {
		if s, err := t.read(t.ctx, last.ID); err == nil {
			for _, name := range s.Objects {
				needed[name] = true
			}
		}
	}
	objects, err := t.Target.List(t.ctx, objectFolder)
	if err != nil {
		return fmt.Errorf("listing the objects: %w", err)
	}
	for _, object := range objects {
		t.known[object.Name] = needed[object.Name] || t.now().Sub(object.Time) < grace/2
	}
	return nil
}

func (t *taking) part(source Source) (Part, error) {
	part := Part{Name: source.Name}
	if !IsLocal(source.Name) {
		return part, errors.New("it is no name that can be restored")
	}
	root, err := filepath.EvalSymlinks(source.Path)
	if err != nil {
		return part, ignoreMissing(err)
	}
	err = filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreMissing(err)
		}
		relative, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		switch {
		case source.Without != nil && source.Without(relative):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.IsDir() && !isRegular(at, entry):
			t.result.Skipped = append(t.result.Skipped, at)
			return nil
		case relative != "." && !IsLocal(relative):
			return fmt.Errorf("%q is no name that can be restored: rename it", at)
		}
		if relative == "." {
			relative = ""
		}
		return t.add(&part, at, relative, entry.IsDir())
	})
	return part, err
}

// add adds a file or a folder to a part. It may have vanished.
func (t *taking) add(part *Part, at, path string, isFolder bool) error {
	if !isFolder {
		file, err := t.file(at)
		if file == nil || err != nil {
			return err
		}
		file.Path = path
		part.Files = append(part.Files, *file)
		return nil
	}
	info, err := os.Stat(at)
	if err != nil {
		return ignoreMissing(err)
	}
	part.Folders = append(part.Folders, Directory{Path: path, Mode: info.Mode().Perm(), Owner: ownerOf(info)})
	return nil
}

// isRegular reports whether something is a file, or a link to one.
func isRegular(at string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := os.Stat(at)
	return err == nil && info.Mode().IsRegular()
}

// file stores a file. It returns nil if there is none any more.
func (t *taking) file(at string) (*File, error) {
	opened, err := os.Open(at)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, err
	}
	file := &File{Mode: info.Mode().Perm(), Owner: ownerOf(info), Time: info.ModTime().UTC(), Chunks: []string{}}
	hash := sha256.New()
	chunk := make([]byte, min(chunkSize, info.Size()+1))
	for {
		n, err := io.ReadFull(opened, chunk)
		if n > 0 {
			hash.Write(chunk[:n])
			file.Size += int64(n)
			name, err := t.store(chunk[:n])
			if err != nil {
				return nil, err
			}
			file.Chunks = append(file.Chunks, name)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", at, err)
		}
	}
	file.SHA256 = hash.Sum(nil)
	t.result.Files++
	t.result.Bytes += file.Size
	return file, nil
}

// store sees to it that the target has a chunk, and returns its object's name.
func (t *taking) store(chunk []byte) (string, error) {
	name := t.Key.nameOf(chunk, t.names)
	t.needed[name] = true
	if t.known[name] {
		return name, t.ctx.Err()
	}
	sealed, err := seal(chunk, t.Recipients)
	if err != nil {
		return "", err
	}
	if err := t.put(name, sealed); err != nil {
		return "", err
	}
	t.known[name] = true
	return name, nil
}

func (t *taking) put(name string, content []byte) error {
	if err := t.Target.Put(t.ctx, name, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	t.result.Added += int64(len(content))
	return nil
}

// finish puts the snapshot's own file, when everything that it needs is there.
func (t *taking) finish(manifest Manifest) (string, error) {
	text, err := json.Marshal(manifest)
	if err != nil {
		return "", err
	}
	var random [4]byte
	rand.Read(random[:]) // It never fails.
	s := &snapshot{
		Format:  format,
		ID:      manifest.Time.Format(idLayout) + "-" + hex.EncodeToString(random[:]),
		Objects: slices.Sorted(maps.Keys(t.needed)),
	}
	if s.Manifest, err = seal(text, t.Recipients); err != nil {
		return "", err
	}
	if err := s.sign(t.Key); err != nil {
		return "", err
	}
	if text, err = json.Marshal(s); err != nil {
		return "", err
	}
	if err := t.checkObjects(); err != nil {
		return "", err
	}
	return s.ID, t.put(snapshotFolder+s.ID+snapshotEnding, text)
}

// checkObjects looks once more whether everything is there: a prune elsewhere
// may have removed an old object after this snapshot had found it.
func (t *taking) checkObjects() error {
	needed := maps.Clone(t.needed)
	objects, err := t.Target.List(t.ctx, objectFolder)
	if err != nil {
		return fmt.Errorf("listing the objects: %w", err)
	}
	for _, object := range objects {
		delete(needed, object.Name)
	}
	if len(needed) > 0 {
		return fmt.Errorf("%d objects were pruned meanwhile: try again", len(needed))
	}
	return nil
}

// IsLocal reports whether a path with slashes stays below the folder that it is
// joined to, and can be written in a manifest.
func IsLocal(path string) bool {
	return fs.ValidPath(path) && path != "." && filepath.IsLocal(filepath.FromSlash(path))
}
