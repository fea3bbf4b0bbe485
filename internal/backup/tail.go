package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tailFolder is where a target has what was appended to files since the last
// snapshot.
const tailFolder = "tails/"

// maxTail is how much of a file one tail holds, in bytes.
const maxTail = 1 << 20

// Follower copies what is appended to the files of a folder between two
// snapshots, such as to an audit trail. It is not for concurrent use.
type Follower struct {
	repository *Repository
	source     Source
	copied     map[string]int64 // by path, in bytes from the beginning on
	written    map[string]bool  // the names of its tails
}

// Follow begins to follow a source, of which the snapshot has a part: what the
// part has is not copied again. It copies what was appended since, and removes
// what earlier followers have copied.
func (r *Repository) Follow(ctx context.Context, source Source, taken *Result) (*Follower, error) {
	f := &Follower{repository: r, source: source, copied: make(map[string]int64), written: make(map[string]bool)}
	for _, part := range taken.Manifest.Parts {
		if part.Name != source.Name {
			continue
		}
		for _, file := range part.Files {
			f.copied[file.Path] = file.Size
		}
	}
	if err := f.Copy(ctx); err != nil {
		return nil, err
	}
	return f, f.prune(ctx)
}

// prune removes the tails of earlier followers.
func (f *Follower) prune(ctx context.Context) error {
	tails, err := f.repository.tails(ctx, f.source.Name)
	if err != nil {
		return err
	}
	for _, t := range tails {
		if f.written[t.name] {
			continue
		}
		if err := f.repository.Target.Delete(ctx, t.name); err != nil {
			return fmt.Errorf("removing %s: %w", t.name, err)
		}
	}
	return nil
}

// Copy copies what was appended since the last time. Of a file that became
// shorter, as when a torn end is repaired, it takes back what is gone.
func (f *Follower) Copy(ctx context.Context) error {
	return filepath.WalkDir(f.source.Path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return ignoreMissing(err)
		}
		path, err := filepath.Rel(f.source.Path, at)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		if f.source.Without != nil && f.source.Without(path) {
			return nil
		}
		return ignoreMissing(f.copyFile(ctx, path, at))
	})
}

func (f *Follower) copyFile(ctx context.Context, path, at string) error {
	file, err := os.Open(at)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < f.copied[path] {
		if err := f.takeBack(ctx, path, info.Size()); err != nil {
			return err
		}
	}
	for {
		content, err := io.ReadAll(io.NewSectionReader(file, f.copied[path], maxTail))
		if err != nil || len(content) == 0 {
			return err
		}
		t := tail{part: f.source.Name, path: path, from: f.copied[path], to: f.copied[path] + int64(len(content))}
		if err := f.repository.putTail(ctx, t, content); err != nil {
			return err
		}
		f.copied[path] = t.to
		f.written[t.nameOf()] = true
	}
}

// takeBack removes the tails of a file that go further than the file does.
func (f *Follower) takeBack(ctx context.Context, path string, size int64) error {
	tails, err := f.repository.tails(ctx, f.source.Name)
	if err != nil {
		return err
	}
	f.copied[path] = size
	for _, t := range tails {
		if t.path != path || t.to <= size {
			continue
		}
		if err := f.repository.Target.Delete(ctx, t.name); err != nil {
			return fmt.Errorf("removing %s: %w", t.name, err)
		}
		f.copied[path] = min(f.copied[path], t.from)
	}
	return nil
}

// tail says which bytes of which file a content of the target has.
type tail struct {
	name, part, path string
	from, to         int64
}

func (t tail) nameOf() string {
	return fmt.Sprintf("%s%s/%s/%016d-%016d", tailFolder, url.PathEscape(t.part), url.PathEscape(t.path), t.from, t.to)
}

func parseTail(name string) (t tail, ok bool) {
	words := strings.Split(strings.TrimPrefix(name, tailFolder), "/")
	if len(words) != 3 {
		return tail{}, false
	}
	part, err1 := url.PathUnescape(words[0])
	path, err2 := url.PathUnescape(words[1])
	from, to, _ := strings.Cut(words[2], "-")
	t = tail{name: name, part: part, path: path}
	var err3, err4 error
	t.from, err3 = strconv.ParseInt(from, 10, 64)
	t.to, err4 = strconv.ParseInt(to, 10, 64)
	return t, errors.Join(err1, err2, err3, err4) == nil && IsLocal(path) && t.from >= 0 && t.to > t.from
}

// signedTail is the form of a tail on the target.
type signedTail struct {
	Sealed    []byte `json:"sealed"`
	Signer    []byte `json:"signer"`
	Signature []byte `json:"signature"`
}

func (s signedTail) signed(name string) []byte {
	return append([]byte("odordiff backup tail\n"+name+"\n"), s.Sealed...)
}

func (r *Repository) putTail(ctx context.Context, t tail, content []byte) error {
	name := t.nameOf()
	sealed, err := seal(content, r.Recipients)
	if err != nil {
		return err
	}
	s := signedTail{Sealed: sealed, Signer: r.Key.signer.Public().(ed25519.PublicKey)}
	s.Signature = ed25519.Sign(r.Key.signer, s.signed(name))
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := r.Target.Put(ctx, name, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

// tails returns the tails of a part, by files and in order.
func (r *Repository) tails(ctx context.Context, part string) ([]tail, error) {
	objects, err := r.Target.List(ctx, tailFolder+url.PathEscape(part)+"/")
	if err != nil {
		return nil, fmt.Errorf("listing the tails: %w", err)
	}
	var tails []tail
	for _, object := range objects {
		if t, ok := parseTail(object.Name); ok {
			tails = append(tails, t)
		}
	}
	slices.SortFunc(tails, func(a, b tail) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return tails, nil
}

// readTail returns what a tail holds, if the signer wrote it there.
func (r *Repository) readTail(ctx context.Context, t tail, signer []byte) ([]byte, error) {
	content, err := r.Target.Get(ctx, t.name)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var s signedTail
	if err := json.NewDecoder(io.LimitReader(content, 4*maxTail)).Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrForged, t.name, err)
	}
	if !bytes.Equal(s.Signer, signer) || !ed25519.Verify(signer, s.signed(t.name), s.Signature) {
		return nil, fmt.Errorf("%w: %s", ErrForged, t.name)
	}
	text, err := unseal(bytes.NewReader(s.Sealed), maxTail, r.Identities)
	if err == nil && int64(len(text)) != t.to-t.from {
		err = errors.New("it has another length than its name says")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, t.name, err)
	}
	return text, nil
}

// appendTails adds to a restored part what was appended after its snapshot.
func (r *Repository) appendTails(ctx context.Context, part Part, at, signer string, restored *Restored) error {
	by, err := base64.StdEncoding.DecodeString(signer)
	if err != nil {
		return err
	}
	tails, err := r.tails(ctx, part.Name)
	if err != nil {
		return err
	}
	for _, t := range tails {
		content, err := r.readTail(ctx, t, by)
		if err != nil {
			return err
		}
		added, err := appendTail(filepath.Join(at, filepath.FromSlash(t.path)), t, content)
		if err != nil {
			return fmt.Errorf("%s: %w", t.path, err)
		}
		restored.Bytes += added
	}
	return nil
}

// appendTail adds what the file does not have yet. A gap before the tail is
// left out, with all that follows it.
func appendTail(at string, t tail, content []byte) (added int64, err error) {
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil || info.Size() < t.from || info.Size() >= t.to {
		return 0, err
	}
	n, err := file.Write(content[info.Size()-t.from:])
	return int64(n), errors.Join(err, file.Sync())
}
