package replica

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/superfly/ltx"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/backup"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// config has the machine's own recipient and the operator's.
func config(t *testing.T) (Config, *age.X25519Identity) {
	t.Helper()
	machine, operator := identity(t), identity(t)
	key, err := backup.LoadKey(filepath.Join(t.TempDir(), "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Path: filepath.Join(t.TempDir(), "store.db"), Target: backup.Folder(t.TempDir()), Name: "store",
		Key: key, Recipients: []age.Recipient{machine.Recipient(), operator.Recipient()}, Identities: []age.Identity{machine},
		Interval: 20 * time.Millisecond,
	}, operator
}

func keep(t *testing.T, c Config) *Replica {
	t.Helper()
	r, err := Keep(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openDatabase(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// count restores the database and returns how many notes it has.
func count(t *testing.T, c Config, operator age.Identity, at time.Time) int {
	t.Helper()
	c.Identities = []age.Identity{operator}
	to := filepath.Join(t.TempDir(), "restored.db")
	if err := Restore(t.Context(), c, to, at); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := openDatabase(t, to).QueryRowContext(t.Context(), "SELECT count(*) FROM notes").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADatabaseIsRestoredByTheOperatorAlone(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	for i := range 50 {
		exec(t, db, "INSERT INTO notes VALUES (?)", fmt.Sprint("SECRETNOTE ", i))
	}
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, c, operator, time.Time{}); n != 50 {
		t.Errorf("restored %d notes, want 50", n)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	expectSealed(t, string(c.Target.(backup.Folder)))
}

// expectSealed looks for what was written in every file of the target.
func expectSealed(t *testing.T, dir string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("SECRETNOTE")) || !bytes.HasPrefix(content, []byte("age-encryption.org/v1\n")) {
			t.Errorf("%s is not sealed", path)
		}
		seen++
		return err
	})
	if err != nil || seen == 0 {
		t.Errorf("%d files, %v", seen, err)
	}
}

func TestADatabaseIsRestoredAsItWasAtATime(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	exec(t, db, "INSERT INTO notes VALUES ('before')")
	if err := errors.Join(r.Sync(t.Context()), r.Snapshot(t.Context())); err != nil {
		t.Fatal(err)
	}
	// The time of a transaction is that of its write to the log.
	between := waitUntil(t, time.Now().Add(50*time.Millisecond))
	exec(t, db, "INSERT INTO notes VALUES ('after')")
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if then, now := count(t, c, operator, between), count(t, c, operator, time.Time{}); then != 1 || now != 2 {
		t.Errorf("restored %d and %d notes, want 1 and 2", then, now)
	}
}

// waitUntil lets the clock go on, which Litestream reads by itself.
func waitUntil(t *testing.T, at time.Time) time.Time {
	t.Helper()
	<-time.After(time.Until(at))
	return at
}

func TestAMachineThatComesBackGoesOn(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	for round := 1; round <= 3; round++ {
		r := keep(t, c)
		exec(t, db, "INSERT INTO notes VALUES ('x')")
		if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "INSERT INTO notes VALUES ('while it was away')")
	}
	r := keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := count(t, c, operator, time.Time{}); n != 6 {
		t.Errorf("restored %d notes, want 6", n)
	}
}

func TestADatabaseIsNotRestoredOverAnother(t *testing.T) {
	c, _ := config(t)
	if err := os.WriteFile(c.Path, []byte("living"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), c, c.Path, time.Time{}); !errors.Is(err, backup.ErrTaken) {
		t.Errorf("error %v", err)
	}
}

func TestAnEmptyTargetSaysSo(t *testing.T) {
	c, _ := config(t)
	err := Restore(t.Context(), c, filepath.Join(t.TempDir(), "x.db"), time.Time{})
	if err == nil || !strings.Contains(err.Error(), "restoring store") {
		t.Errorf("error %v", err)
	}
}

// TestATargetThatIsGoneLosesNothing has a target that refuses for a while.
func TestATargetThatIsGoneLosesNothing(t *testing.T) {
	c, operator := config(t)
	target := &failing{Target: c.Target}
	c.Target = target
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	target.fail(errors.New("the bucket is gone"))
	exec(t, db, "INSERT INTO notes VALUES ('x')")
	if err := r.Sync(t.Context()); err == nil {
		t.Error("no error")
	}
	target.fail(nil)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := count(t, c, operator, time.Time{}); n != 1 {
		t.Errorf("restored %d notes, want 1", n)
	}
}

// TestASizeIsToldFromThatOfTheSealedFile compares what the list shows with what
// was written, at the borders of age's chunks, too.
func TestASizeIsToldFromThatOfTheSealedFile(t *testing.T) {
	id := identity(t)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(
			rapid.IntRange(0, 3*chunkSize), rapid.SampledFrom([]int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize}),
		).Draw(t, "size")
		s, err := seal(bytes.NewReader(make([]byte, size)), []age.Recipient{id.Recipient()})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := io.ReadAll(s)
		if err != nil {
			t.Fatal(err)
		}
		object := backup.Object{Name: "0000/" + nameOf(7, 9, time.UnixMilli(1234), s.header), Size: int64(len(sealed)) + backup.SealSize}
		f, ok := parse(object, 0)
		if !ok || f.Size != int64(size) || s.size != int64(size) {
			t.Fatalf("%s shows %d bytes, want %d", object.Name, f.Size, size)
		}
		if f.MinTXID != 7 || f.MaxTXID != 9 || f.CreatedAt.UnixMilli() != 1234 {
			t.Fatalf("%s is read as %+v", object.Name, f)
		}
	})
}

func TestForeignNamesAreNotRead(t *testing.T) {
	for _, name := range []string{"", "x", "1-2-3-4-5", "1-2-3-4", "0000000000000001-0000000000000002-x-200", ".new-123"} {
		if f, ok := parse(backup.Object{Name: "0000/" + name, Size: 1000}, 0); ok {
			t.Errorf("%q is read as %+v", name, f)
		}
	}
}

func TestPartsOfAFileAreRead(t *testing.T) {
	c, _ := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	client := c.client()
	read := func(offset, size int64) []byte {
		rc, err := client.OpenLTXFile(t.Context(), 0, 1, 1, offset, size)
		if err != nil {
			t.Fatal(err)
		}
		defer rc.Close()
		content, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	whole := read(0, 0)
	if got := read(10, 20); !bytes.Equal(got, whole[10:30]) {
		t.Errorf("got % x, want % x", got, whole[10:30])
	}
	if _, err := client.OpenLTXFile(t.Context(), 0, 8, 9, 0, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	infos := []*ltx.FileInfo{{Level: 0, MinTXID: 1, MaxTXID: 1}}
	if err := client.DeleteLTXFiles(t.Context(), infos); err != nil {
		t.Fatal(err)
	}
	if _, err := client.OpenLTXFile(t.Context(), 0, 1, 1, 0, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestADatabaseThatWasReplacedIsCopiedAnew(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	db = openDatabase(t, other)
	exec(t, db, "CREATE TABLE notes (text)")
	exec(t, db, "INSERT INTO notes VALUES ('x'), ('y')")
	if err := errors.Join(db.Close(), os.Remove(c.Path+"-wal"), os.Remove(c.Path+"-shm"), os.Rename(other, c.Path)); err != nil {
		t.Fatal(err)
	}
	if err := r.Sync(t.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("error %v", err)
	}
	if err := r.Abandon(t.Context()); err != nil {
		t.Fatal(err)
	}
	r = keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := count(t, c, operator, time.Time{}); n != 2 {
		t.Errorf("restored %d notes, want 2", n)
	}
}

func TestADatabaseWhoseLocalFilesAreLostIsCopiedAnew(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	for range 5 {
		exec(t, db, "INSERT INTO notes VALUES ('x')")
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Close(t.Context()), os.RemoveAll(filepath.Join(filepath.Dir(c.Path), ".store.db-litestream"))); err != nil {
		t.Fatal(err)
	}
	exec(t, db, "INSERT INTO notes VALUES ('while nobody looked')")
	r = keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := count(t, c, operator, time.Time{}); n != 6 {
		t.Errorf("restored %d notes, want 6", n)
	}
}

func TestWhatWouldJoinARestoredDatabaseIsInTheWay(t *testing.T) {
	c, _ := config(t)
	for _, name := range []string{"x.db-wal", "x.db-shm", "x.db-journal", ".x.db-litestream"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Restore(t.Context(), c, filepath.Join(dir, "x.db"), time.Time{}); !errors.Is(err, backup.ErrTaken) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestAForgedDatabaseIsNotRestored(t *testing.T) {
	c, operator := config(t)
	db := openDatabase(t, c.Path)
	exec(t, db, "CREATE TABLE notes (text)")
	r := keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	c.Identities = []age.Identity{operator}
	for name, test := range map[string]struct {
		signer string
		change func(content []byte) []byte
	}{
		"of another signer":   {"somebody", func(b []byte) []byte { return b }},
		"its signature":       {"", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }},
		"without a signature": {"", func(b []byte) []byte { return b[:len(b)-backup.SealSize] }},
		"of another content":  {"", func(b []byte) []byte { b[len(b)-backup.SealSize-1] ^= 1; return b }},
	} {
		t.Run(name, func(t *testing.T) {
			forged := c
			forged.Signer, forged.Target = test.signer, backup.Folder(t.TempDir())
			copyFiles(t, string(c.Target.(backup.Folder)), string(forged.Target.(backup.Folder)), test.change)
			to := filepath.Join(t.TempDir(), "x.db")
			if err := Restore(t.Context(), forged, to, time.Time{}); err == nil {
				t.Error("it was restored")
			}
			if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file is there: %v", err)
			}
		})
	}
	c.Name = "../store"
	if err := Restore(t.Context(), c, filepath.Join(t.TempDir(), "x.db"), time.Time{}); !errors.Is(err, backup.ErrForged) {
		t.Errorf("a name that leads elsewhere: %v", err)
	}
}

func copyFiles(t *testing.T, from, to string, change func([]byte) []byte) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), change(content), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARestoredDatabaseIsItsOwnersAlone(t *testing.T) {
	c, operator := config(t)
	exec(t, openDatabase(t, c.Path), "CREATE TABLE notes (text)")
	r := keep(t, c)
	if err := errors.Join(r.Sync(t.Context()), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	c.Identities = []age.Identity{operator}
	to := filepath.Join(t.TempDir(), "x.db")
	if err := Restore(t.Context(), c, to, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// failing is a target that fails as long as it is told to.
type failing struct {
	backup.Target
	with atomic.Pointer[error]
}

func (f *failing) fail(err error) { f.with.Store(&err) }

func (f *failing) Put(ctx context.Context, name string, content io.Reader) error {
	if with := f.with.Load(); with != nil && *with != nil {
		return *with
	}
	return f.Target.Put(ctx, name, content)
}
