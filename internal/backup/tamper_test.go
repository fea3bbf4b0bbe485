package backup_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/backup"
)

// paths returns the files of a folder that match a pattern.
func paths(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flip(at int) func([]byte) []byte {
	return func(content []byte) []byte {
		content[(at+len(content))%len(content)] ^= 1
		return content
	}
}

// member changes a member of a snapshot's file.
func member(name string, value any) func([]byte) []byte {
	return func(content []byte) []byte {
		var all map[string]any
		if err := json.Unmarshal(content, &all); err != nil {
			panic(err)
		}
		all[name] = value
		changed, err := json.Marshal(all)
		if err != nil {
			panic(err)
		}
		return changed
	}
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	const objects, snapshots = "objects/*/*", "snapshots/*"
	for name, test := range map[string]struct {
		pattern string
		change  func([]byte) []byte
		want    error // nil: any
	}{
		"a byte of an object":           {objects, flip(-1), backup.ErrDamaged},
		"an object's recipients":        {objects, flip(30), nil},
		"a cut object":                  {objects, func(b []byte) []byte { return b[:len(b)-1] }, backup.ErrDamaged},
		"an empty object":               {objects, func([]byte) []byte { return nil }, backup.ErrDamaged},
		"the list of objects":           {snapshots, member("objects", []string{}), backup.ErrForged},
		"the manifest":                  {snapshots, member("manifest", "AAAA"), backup.ErrForged},
		"the signature":                 {snapshots, member("signature", "AAAA"), backup.ErrForged},
		"no signature":                  {snapshots, member("signature", nil), backup.ErrForged},
		"another signer":                {snapshots, member("signer", "AAAA"), backup.ErrForged},
		"a later format":                {snapshots, member("format", 2), nil},
		"a field of a later format":     {snapshots, member("more", 1), backup.ErrForged},
		"a snapshot under another name": {snapshots, member("id", "20200101T000000.000Z-00000000"), backup.ErrForged},
		"a snapshot that is no JSON":    {snapshots, func([]byte) []byte { return []byte("{") }, backup.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			at, to := t.TempDir(), t.TempDir()
			result := take(t, machine(t, open(t, at)), state(t))
			for _, path := range paths(t, at, test.pattern) {
				edit(t, path, test.change)
			}
			_, err := stranger(open(t, at)).Restore(t.Context(), result.ID, to)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if left := names(t, to); len(left) > 2 {
				t.Errorf("left %q", left)
			}
		})
	}
}

// names returns the names of what lies in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") {
			t.Errorf("a scratch folder was left: %s", entry.Name())
		}
	}
	return all
}

func TestObjectsCannotChangePlaces(t *testing.T) {
	at := t.TempDir()
	result := take(t, machine(t, open(t, at)), state(t))
	all := paths(t, at, "objects/*/*")
	first, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all[1:] {
		edit(t, path, func([]byte) []byte { return first })
	}
	if _, err := stranger(open(t, at)).Restore(t.Context(), result.ID, t.TempDir()); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("error %v", err)
	}
}

func TestASnapshotOfAnotherSignerIsNotBelieved(t *testing.T) {
	target := open(t, t.TempDir())
	dir := state(t)
	ours, forger := machine(t, target), machine(t, target)
	result := take(t, ours, dir)
	forged := take(t, forger, dir)
	reader := stranger(target)
	reader.Signer = ours.Key.Signer()
	if _, _, err := reader.Contents(t.Context(), result.ID); err != nil {
		t.Errorf("ours: %v", err)
	}
	if _, _, err := reader.Contents(t.Context(), forged.ID); !errors.Is(err, backup.ErrForged) {
		t.Errorf("the forger's: %v", err)
	}
}

// TestAHostilePathLeadsNowhere has a snapshot that is rightly signed, by
// somebody who wants to write elsewhere.
func TestAHostilePathLeadsNowhere(t *testing.T) {
	for _, path := range []string{"../out", "/etc/out", "a/../../out", ".", "..", "a//b", "a/"} {
		target := newMemory()
		for name, part := range map[string]backup.Part{
			"part": {Name: path},
			"file": {Name: "policies", Files: []backup.File{{Path: path}}},
		} {
			id, err := machine(t, target).PutManifest(t.Context(), backup.Manifest{Time: time.Now(), Parts: []backup.Part{part}})
			if err != nil {
				t.Fatal(err)
			}
			to := t.TempDir()
			_, err = stranger(target).Restore(t.Context(), id, filepath.Join(to, "in"))
			if !errors.Is(err, backup.ErrForged) {
				t.Errorf("%s %q: error %v", name, path, err)
			}
			if left := names(t, to); len(left) != 0 {
				t.Errorf("%s %q: left %q", name, path, left)
			}
		}
	}
}

func TestAChunkThatIsNotListedIsNotRead(t *testing.T) {
	target := newMemory()
	file := backup.File{Path: "a", Chunks: []string{"snapshots/x"}}
	id, err := machine(t, target).PutManifest(t.Context(), backup.Manifest{
		Time: time.Now(), Parts: []backup.Part{{Name: "policies", Files: []backup.File{file}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger(target).Restore(t.Context(), id, t.TempDir()); !errors.Is(err, backup.ErrForged) {
		t.Errorf("error %v", err)
	}
}

// FuzzSnapshot has a snapshot's file say anything.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{`{}`, `{"format":1,"id":"x","objects":["a"],"manifest":"AA==","signer":"AA==","signature":"AA=="}`, `[`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const id = "20260101T000000.000Z-00000000"
		r := &backup.Repository{Target: one{"snapshots/" + id + ".json", text}, Identities: []age.Identity{operator}}
		if manifest, _, err := r.Contents(t.Context(), id); err == nil {
			t.Errorf("%s gave %v", text, manifest)
		}
	})
}

// one is a target with one content.
type one struct {
	name    string
	content []byte
}

func (o one) Get(_ context.Context, name string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(o.content))), nil
}
func (one) Put(context.Context, string, io.Reader) error          { return errors.ErrUnsupported }
func (one) List(context.Context, string) ([]backup.Object, error) { return nil, errors.ErrUnsupported }
func (one) Delete(context.Context, ...string) error               { return errors.ErrUnsupported }
func (o one) String() string                                      { return o.name }

// breaking is a target that ends everything after some contents were put.
type breaking struct {
	backup.Target
	puts  *atomic.Int64
	after int64
	end   func()
}

func (b breaking) Put(ctx context.Context, name string, content io.Reader) error {
	if b.puts.Add(1) > b.after {
		b.end()
		return errors.New("the power failed")
	}
	return b.Target.Put(ctx, name, content)
}
