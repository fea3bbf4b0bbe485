package backup_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/s3test"
)

// targets are all kinds of targets, empty.
func targets(t *testing.T) map[string]backup.Target {
	t.Helper()
	return map[string]backup.Target{"folder": open(t, t.TempDir()), "bucket": open(t, s3test.Bucket(t, "gateway/1"))}
}

func open(t *testing.T, where string) backup.Target {
	t.Helper()
	target, err := backup.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// operator holds the identity; the machine does not.
var operator = func() *age.X25519Identity {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		panic(err)
	}
	return identity
}()

// machine returns the repository as the machine has it, which can only write.
func machine(t *testing.T, target backup.Target) *backup.Repository {
	t.Helper()
	key, err := backup.LoadKey(filepath.Join(t.TempDir(), "key.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &backup.Repository{Target: target, Key: key, Recipients: []age.Recipient{operator.Recipient()}}
}

// stranger returns the repository as a fresh machine has it, with nothing but
// the operator's identity.
func stranger(target backup.Target) *backup.Repository {
	return &backup.Repository{Target: target, Identities: []age.Identity{operator}}
}

// state makes a folder such as a gateway has.
func state(t *testing.T) string { return stateWith(t, 9<<10) }

// longState has a log of three chunks.
func longState(t *testing.T) string { return stateWith(t, 9<<20) }

func stateWith(t *testing.T, logSize int) string {
	t.Helper()
	dir := t.TempDir()
	long := make([]byte, logSize)
	for i := range long {
		long[i] = byte(rand.Uint32())
	}
	write(t, dir, "keyring.json", []byte(`{"keys":[]}`))
	write(t, dir, "policies/gate.rego", []byte("package gate"))
	write(t, dir, "policies/data/empty", nil)
	write(t, dir, "audit/000001.log", long)
	return dir
}

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o640); err != nil {
		t.Fatal(err)
	}
}

func sources(dir string) []backup.Source {
	return []backup.Source{
		{Name: "keyring.json", Path: filepath.Join(dir, "keyring.json")},
		{Name: "policies", Path: filepath.Join(dir, "policies")},
		{Name: "audit", Path: filepath.Join(dir, "audit")},
	}
}

func take(t *testing.T, r *backup.Repository, dir string) *backup.Result {
	t.Helper()
	result, err := r.Take(t.Context(), sources(dir)...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// files returns the contents and permissions of all files in a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = info.Mode().String() + string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAFreshMachineRestoresWhatAnotherBackedUp(t *testing.T) {
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) {
			dir, to := longState(t), filepath.Join(t.TempDir(), "new")
			result := take(t, machine(t, target), dir)
			if result.Files != 4 {
				t.Errorf("backed up %d files, want 4", result.Files)
			}
			head, err := stranger(target).Find(t.Context(), time.Time{})
			if err != nil || head.ID != result.ID {
				t.Fatalf("found %v, %v; want %s", head, err, result.ID)
			}
			if _, err := stranger(target).Restore(t.Context(), head.ID, to); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files(t, dir), files(t, to)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFoldersAreWhatTheyWere(t *testing.T) {
	r := machine(t, open(t, t.TempDir()))
	dir, to := state(t), t.TempDir()
	owner := os.Geteuid()
	if owner == 0 {
		owner = 4711
		for _, name := range []string{"policies", "policies/data", "policies/data/empty"} {
			if err := os.Chown(filepath.Join(dir, name), owner, owner); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, mode := range map[string]fs.FileMode{"policies/data": 0o510, "policies": 0o550, "audit": 0o770} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // so that they can be removed
		for _, root := range []string{dir, to} {
			for _, name := range []string{"policies", "policies/data"} {
				if err := os.Chmod(filepath.Join(root, name), 0o700); err != nil {
					t.Error(err)
				}
			}
		}
	})
	result := take(t, r, dir)
	operator := stranger(r.Target)
	if _, err := operator.Drill(t.Context(), result.ID, t.TempDir(), nil); err != nil {
		t.Error(err)
	}
	if _, err := operator.Restore(t.Context(), result.ID, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"policies/data": 0o510, "policies": 0o550, "audit": 0o770, "policies/data/empty": 0o640} {
		info, err := os.Stat(filepath.Join(to, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v: %v", name, info.Mode(), want, err)
		}
		if uid := int(info.Sys().(*syscall.Stat_t).Uid); strings.HasPrefix(name, "policies") && uid != owner {
			t.Errorf("%s belongs to %d, want %d", name, uid, owner)
		}
	}
}

func TestWhatDidNotChangeIsNotStoredAgain(t *testing.T) {
	for name, target := range targets(t) {
		t.Run(name, func(t *testing.T) {
			dir, r := longState(t), machine(t, target)
			first := take(t, r, dir)
			log, err := os.OpenFile(filepath.Join(dir, "audit/000001.log"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := log.WriteString("one record more"); err != nil {
				t.Fatal(err)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			second := take(t, r, dir)
			if first.Added < 9<<20 || second.Added > 2<<20 {
				t.Errorf("added %d and then %d bytes", first.Added, second.Added)
			}
			third := take(t, r, dir)
			if third.Added > 4<<10 {
				t.Errorf("nothing changed, and %d bytes were added", third.Added)
			}
		})
	}
}

func TestTheMachineCannotReadItsOwnBackups(t *testing.T) {
	target := open(t, t.TempDir())
	r := machine(t, target)
	result := take(t, r, state(t))
	if _, _, err := r.Contents(t.Context(), result.ID); err == nil {
		t.Error("it was read without an identity")
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r.Identities = []age.Identity{other}
	if _, _, err := r.Contents(t.Context(), result.ID); err == nil {
		t.Error("it was read with another identity")
	}
}

func TestNothingIsReadableOnTheTarget(t *testing.T) {
	at := t.TempDir()
	dir := state(t)
	take(t, machine(t, open(t, at)), dir)
	for name, content := range files(t, at) {
		for _, secret := range []string{"keys", "package gate", "keyring", "gate.rego"} {
			if strings.Contains(content, secret) || strings.Contains(name, secret) {
				t.Errorf("%s shows %q", name, secret)
			}
		}
	}
}

func TestOnePartIsRestoredAlone(t *testing.T) {
	target := open(t, t.TempDir())
	dir, to := state(t), t.TempDir()
	result := take(t, machine(t, target), dir)
	if _, err := stranger(target).Restore(t.Context(), result.ID, to, "keyring.json"); err != nil {
		t.Fatal(err)
	}
	if got := files(t, to); len(got) != 1 || got["keyring.json"] == "" {
		t.Errorf("restored %v", got)
	}
	_, err := stranger(target).Restore(t.Context(), result.ID, to, "keyrings")
	if err == nil || !strings.Contains(err.Error(), `"keyring.json" "policies" "audit"`) {
		t.Errorf("error %v, want one that lists the parts", err)
	}
}

func TestALivingStateIsNotOverwritten(t *testing.T) {
	target := open(t, t.TempDir())
	dir := state(t)
	result := take(t, machine(t, target), dir)
	write(t, dir, "keyring.json", []byte("newer"))
	before := files(t, dir)
	if _, err := stranger(target).Restore(t.Context(), result.ID, dir); !errors.Is(err, backup.ErrTaken) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestAnEarlierTimeFindsTheSnapshotOfThen(t *testing.T) {
	target := open(t, t.TempDir())
	r, dir := machine(t, target), t.TempDir()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var ids []string
	for hour, content := range []string{"one", "two", "three"} {
		write(t, dir, "keyring.json", []byte(content))
		r.Now = func() time.Time { return noon.Add(time.Duration(hour) * time.Hour) }
		result, err := r.Take(t.Context(), sources(dir)...)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, result.ID)
	}
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, ids[2]}, {noon, ids[0]}, {noon.Add(90 * time.Minute), ids[1]}, {noon.Add(time.Hour * 1000), ids[2]},
	} {
		if head, err := r.Find(t.Context(), test.at); err != nil || head.ID != test.want {
			t.Errorf("at %v: %v, %v; want %s", test.at, head.ID, err, test.want)
		}
	}
	if _, err := r.Find(t.Context(), noon.Add(-time.Second)); !errors.Is(err, backup.ErrNone) {
		t.Errorf("before the first: %v", err)
	}
}

func TestTheLastSnapshotIsTheLastTakenWhateverTheClock(t *testing.T) {
	target := newMemory()
	r, dir := machine(t, target), state(t)
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r.Now = func() time.Time { return now }
	for _, step := range []time.Duration{0, 0, -time.Minute, time.Second} {
		now = now.Add(step)
		result := take(t, r, dir)
		if head, err := r.Find(t.Context(), time.Time{}); err != nil || head.ID != result.ID {
			t.Errorf("after %v: the last is %s, want %s, %v", step, head.ID, result.ID, err)
		}
	}
}

func TestOfAVanishedFileNothingIsKept(t *testing.T) {
	dir := state(t)
	if err := os.Remove(filepath.Join(dir, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	if result := take(t, machine(t, newMemory()), dir); result.Files != 3 {
		t.Errorf("%d files, want 3", result.Files)
	}
}

func TestALinkToAFileIsFollowedAndNoOther(t *testing.T) {
	target, dir, to := newMemory(), state(t), t.TempDir()
	for name, of := range map[string]string{"file": "gate.rego", "folder": dir, "nowhere": "nowhere"} {
		if err := os.Symlink(of, filepath.Join(dir, "policies", name)); err != nil {
			t.Fatal(err)
		}
	}
	result := take(t, machine(t, target), dir)
	if len(result.Skipped) != 2 {
		t.Errorf("skipped %v", result.Skipped)
	}
	if _, err := stranger(target).Restore(t.Context(), result.ID, to); err != nil {
		t.Fatal(err)
	}
	if got := files(t, to)["policies/file"]; !strings.HasSuffix(got, "package gate") {
		t.Errorf("restored %q", got)
	}
}

func TestANameThatCannotBeRestoredIsRefusedAtOnce(t *testing.T) {
	r, dir := machine(t, newMemory()), state(t)
	write(t, dir, "policies/bad\xffname", nil)
	if _, err := r.Take(t.Context(), sources(dir)...); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("error %v", err)
	}
	if _, err := r.Take(t.Context(), backup.Source{Name: "../x", Path: dir}); err == nil {
		t.Error("a part whose name leads elsewhere was taken")
	}
}

func TestANewRecipientCanOpenEverything(t *testing.T) {
	target, dir := newMemory(), state(t)
	r := machine(t, target)
	take(t, r, dir)
	successor, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r.Recipients = []age.Recipient{successor.Recipient()}
	result := take(t, r, dir)
	reader := &backup.Repository{Target: target, Identities: []age.Identity{successor}}
	if _, err := reader.Restore(t.Context(), result.ID, t.TempDir()); err != nil {
		t.Error(err)
	}
	_, err = stranger(target).Restore(t.Context(), result.ID, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "it was sealed to others") {
		t.Errorf("the old identity: %v", err)
	}
}

func TestADamagedTargetIsMendedByStoringAnew(t *testing.T) {
	at := t.TempDir()
	r, dir := machine(t, open(t, at)), state(t)
	take(t, r, dir)
	for _, path := range paths(t, at, "objects/*/*") {
		edit(t, path, flip(-1))
	}
	if _, err := stranger(open(t, at)).Restore(t.Context(), take(t, r, dir).ID, t.TempDir()); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	r.Anew = true
	if _, err := stranger(open(t, at)).Restore(t.Context(), take(t, r, dir).ID, t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestAMissingFolderIsNotMade(t *testing.T) {
	at := filepath.Join(t.TempDir(), "mount", "backups")
	r := machine(t, open(t, at))
	if _, err := r.Take(t.Context()); err == nil || !strings.Contains(err.Error(), "make it, or mount") {
		t.Errorf("error %v", err)
	}
	if _, err := r.List(t.Context()); err == nil {
		t.Error("nothing was listed without an error")
	}
	if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestATargetNeverHasCredentials(t *testing.T) {
	for _, where := range []string{"s3://key:secret@bucket/x", "s3://bucket/a%b", "s3://:secret@/"} {
		if _, err := backup.Open(where); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v", where, err)
		}
	}
}

func TestAClockThatIsFarBehindTheLastSnapshotIsTold(t *testing.T) {
	r, dir := machine(t, newMemory()), state(t)
	now := time.Now()
	r.Now = func() time.Time { return now }
	take(t, r, dir)
	now = now.Add(-2 * time.Hour)
	if _, err := r.Take(t.Context(), sources(dir)...); err == nil || !strings.Contains(err.Error(), "set the clock") {
		t.Errorf("error %v", err)
	}
}

func TestABackupWithoutRecipientsIsRefused(t *testing.T) {
	r := machine(t, open(t, t.TempDir()))
	r.Recipients = nil
	if _, err := r.Take(t.Context()); !errors.Is(err, backup.ErrNoRecipient) {
		t.Errorf("error %v", err)
	}
}

func TestAKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup", "key.json")
	first, err := backup.LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := backup.LoadKey(path)
	if err != nil || again.Signer() != first.Signer() {
		t.Errorf("another key, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, bad := range []string{"", "{}", `{"names":"","signer":"","drill":"AGE-SECRET-KEY-1"}`} {
		write(t, filepath.Dir(path), "bad", []byte(bad))
		if _, err := backup.LoadKey(filepath.Join(filepath.Dir(path), "bad")); err == nil || !strings.Contains(err.Error(), "bad is not a key") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func TestTheSameChunkHasOneNameOnOneMachineOnly(t *testing.T) {
	at, dir := t.TempDir(), state(t)
	one, other := machine(t, open(t, at)), machine(t, open(t, at))
	take(t, one, dir)
	if added := take(t, other, dir).Added; added < 9<<10 {
		t.Errorf("only %d bytes were added: a stranger's names were recognised", added)
	}
}
