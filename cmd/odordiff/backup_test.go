package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/backup/replica"
	"github.com/odordiff/odordiff/internal/freeport"
	"github.com/odordiff/odordiff/internal/keyring"
)

// runBackup runs a subcommand of backup and returns what it printed.
func runBackup(t *testing.T, ctx context.Context, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(backupKeyCommand(), backupNowCommand(), backupRunCommand(), backupListCommand(),
		backupVerifyCommand(), backupRestoreCommand(), backupPruneCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// backedUp is a state directory, a target, and an operator's identity.
type backedUp struct{ state, target, identity, recipient string }

func newBackedUp(t *testing.T) backedUp {
	t.Helper()
	dir := t.TempDir()
	b := backedUp{state: filepath.Join(dir, "state"), target: filepath.Join(dir, "target"), identity: filepath.Join(dir, "operator.key")}
	if _, err := keyring.Ensure(keyringFile(mkdir(t, b.state))); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(mkdir(t, filepath.Join(b.state, "policies")), "gate.rego"), "package gate\n")
	writeFile(t, filepath.Join(mkdir(t, filepath.Join(b.state, "caddy", "locks")), "x.lock"), "locked")
	newDatabase(t, filepath.Join(b.state, "jobs.db"), 3)
	mkdir(t, b.target)
	out, err := runBackup(t, t.Context(), "key", b.identity)
	if err != nil {
		t.Fatal(err)
	}
	b.recipient = strings.TrimSpace(out)
	return b
}

func mkdir(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newDatabase makes a database with so many jobs, or adds so many.
func newDatabase(t *testing.T, path string, jobs int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	for range jobs {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO jobs DEFAULT VALUES"); err != nil {
			t.Fatal(err)
		}
	}
}

func (b backedUp) now(t *testing.T) string {
	t.Helper()
	out, err := runBackup(t, t.Context(), "now", "--state", b.state, "--target", b.target, "--recipients", b.recipient)
	if err != nil {
		t.Fatalf("%s%v", out, err)
	}
	return out
}

func (b backedUp) restore(t *testing.T, to string, more ...string) string {
	t.Helper()
	out, err := runBackup(t, t.Context(), append([]string{"restore", "--target", b.target, "--identity", b.identity, "--to", to}, more...)...)
	if err != nil {
		t.Fatalf("%s%v", out, err)
	}
	return out
}

// contents returns the small files of a directory, but for databases.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.Contains(path, "jobs.db") || strings.Contains(path, "lock") {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = info.Mode().String() + " " + string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAStateDirectoryIsBackedUpAndRestored(t *testing.T) {
	b := newBackedUp(t)
	out := b.now(t)
	for _, want := range []string{"database jobs.db: copied", "keyring.json: can be read", "jobs.db: sound; rows: jobs 3", "signer "} {
		if !strings.Contains(out, want) {
			t.Errorf("backup now printed no %q:\n%s", want, out)
		}
	}
	to := filepath.Join(t.TempDir(), "new")
	out = b.restore(t, to)
	if diff := cmp.Diff(contents(t, b.state), contents(t, to)); diff != "" {
		t.Error(diff)
	}
	signer := regexp.MustCompile(`signed by (\S+)\n`).FindStringSubmatch(out)
	if len(signer) == 0 || !strings.Contains(b.now(t), "signer "+signer[1]) {
		t.Errorf("restore printed no signer:\n%s", out)
	}
	newDatabase(t, filepath.Join(to, "jobs.db"), 1) // It can be written.
}

func TestARestoredMachineGoesOnBackingUp(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	to := filepath.Join(t.TempDir(), "new")
	b.restore(t, to)
	b.state = to
	newDatabase(t, filepath.Join(to, "jobs.db"), 4)
	if out := b.now(t); !strings.Contains(out, "jobs.db: sound; rows: jobs 7") {
		t.Errorf("backup now printed:\n%s", out)
	}
}

func TestADatabaseIsRestoredAlone(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	to := t.TempDir()
	b.restore(t, to, "--only", "jobs.db")
	if entries, err := os.ReadDir(to); err != nil || len(entries) != 1 || entries[0].Name() != "jobs.db" {
		t.Errorf("restored %v, %v", entries, err)
	}
}

func TestMistakesOfBackupsAreExplained(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no recipient":              {[]string{"now", "--state", b.state, "--target", b.target}, "--recipients: a backup needs a recipient: `odordiff backup key` makes one"},
		"a wrong recipient":         {[]string{"now", "--state", b.state, "--target", b.target, "--recipients", "age1x"}, "--recipients: "},
		"no target":                 {[]string{"list"}, "--target: say where"},
		"an unknown target":         {[]string{"list", "--target", "ftp://x"}, "--target: \"ftp://x\": a backup goes to a folder or to s3://bucket/prefix"},
		"a bucket without name":     {[]string{"list", "--target", "s3:///x"}, "names no bucket"},
		"no identity":               {[]string{"restore", "--target", b.target, "--to", t.TempDir()}, "--identity: name the file"},
		"no identity there":         {[]string{"restore", "--target", b.target, "--identity", "nowhere", "--to", t.TempDir()}, "--identity: open nowhere"},
		"a living state":            {[]string{"restore", "--target", b.target, "--identity", b.identity, "--to", b.state}, "something is there already"},
		"no such part":              {[]string{"restore", "--target", b.target, "--identity", b.identity, "--to", t.TempDir(), "--only", "x"}, `--only: the backup has no "x"; it has [`},
		"no time":                   {[]string{"restore", "--target", b.target, "--identity", b.identity, "--to", t.TempDir(), "--at", "noon"}, `--at: "noon" is no time such as`},
		"before the first":          {[]string{"restore", "--target", b.target, "--identity", b.identity, "--to", t.TempDir(), "--at", "2020-01-01T00:00:00Z"}, "there is no such snapshot"},
		"no such snapshot":          {[]string{"verify", "--target", b.target, "--identity", b.identity, "x"}, "x: there is no such snapshot: `odordiff backup list`"},
		"a wrong retention":         {[]string{"prune", "--target", b.target, "--keep", "yearly 1"}, `--keep: "yearly 1" is no retention`},
		"a wrong rate":              {[]string{"now", "--state", b.state, "--target", b.target, "--recipients", b.recipient, "--rate", "fast"}, "--rate: "},
		"too often":                 {[]string{"run", "--state", b.state, "--target", b.target, "--recipients", b.recipient, "--every", "1s"}, "--every: 1s is too often"},
		"another signer":            {[]string{"verify", "--target", b.target, "--identity", b.identity, "--signer", "x"}, "the snapshot is not to be believed"},
		"an identity that is there": {[]string{"key", b.identity}, "making the identity: "},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := runBackup(t, t.Context(), test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s%v, want %q", out, err, test.want)
			}
		})
	}
}

func TestSnapshotsAreListedVerifiedAndPruned(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	b.now(t)
	out, err := runBackup(t, t.Context(), "list", "--target", b.target)
	if lines := strings.Count(out, "\n"); err != nil || lines != 2 {
		t.Errorf("listed %d lines, %v:\n%s", lines, err, out)
	}
	out, err = runBackup(t, t.Context(), "verify", "--target", b.target, "--identity", b.identity)
	if err != nil || !strings.Contains(out, "as they were") || !strings.Contains(out, "keyring.json: can be read") {
		t.Errorf("verified %v:\n%s", err, out)
	}
	out, err = runBackup(t, t.Context(), "prune", "--target", b.target, "--keep", "last 1")
	if err != nil || !strings.Contains(out, "removed 1 snapshot and 0 objects") {
		t.Errorf("pruned %v:\n%s", err, out)
	}
}

func TestAFailedDrillIsAFailedBackup(t *testing.T) {
	b := newBackedUp(t)
	writeFile(t, keyringFile(b.state), "{")
	out, err := runBackup(t, t.Context(), "now", "--state", b.state, "--target", b.target, "--recipients", b.recipient)
	if err == nil || !strings.Contains(err.Error(), "the drill failed: keyring.json was restored, but is not sound") {
		t.Errorf("%s%v", out, err)
	}
}

func TestARestoreThatFailsLeavesNothing(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	for name, in := range map[string]string{"a part": "policies", "a database": "jobs.db", "what belonged to a database": "jobs.db-wal"} {
		to := t.TempDir()
		writeFile(t, filepath.Join(to, in), "living")
		if out, err := runBackup(t, t.Context(), "restore", "--target", b.target, "--identity", b.identity, "--to", to); err == nil {
			t.Errorf("%s: no error: %s", name, out)
		}
		if entries, err := os.ReadDir(to); err != nil || len(entries) != 1 {
			t.Errorf("%s: left %v, %v", name, entries, err)
		}
	}
}

func TestTwoBackupsOfOneStateAreKeptApart(t *testing.T) {
	b := newBackedUp(t)
	unlock, err := backup.Lock(filepath.Join(mkdir(t, filepath.Join(b.state, "backup")), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runBackup(t, t.Context(), "now", "--state", b.state, "--target", b.target, "--recipients", b.recipient); err == nil ||
		!strings.Contains(err.Error(), "another process backs up the same files") {
		t.Errorf("error %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	b.now(t)
	b.now(t) // It has let go of the lock.
}

func TestAStateDirectoryMayBeALink(t *testing.T) {
	b := newBackedUp(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(b.state, link); err != nil {
		t.Fatal(err)
	}
	b.state = link
	if out := b.now(t); !strings.Contains(out, "rows: jobs 3") {
		t.Error(out)
	}
}

func TestANewOperatorCanRestoreEverything(t *testing.T) {
	b := newBackedUp(t)
	b.now(t)
	successor := filepath.Join(t.TempDir(), "successor.key")
	out, err := runBackup(t, t.Context(), "key", successor)
	if err != nil {
		t.Fatal(err)
	}
	b.recipient, b.identity = strings.TrimSpace(out), successor
	b.now(t)
	to := filepath.Join(t.TempDir(), "new")
	b.restore(t, to)
	if rows, err := replica.Rows(t.Context(), filepath.Join(to, "jobs.db")); err != nil || rows["jobs"] != 3 {
		t.Errorf("restored %v, %v", rows, err)
	}
}

func TestWhatIsElsewhereCanBeBackedUpToo(t *testing.T) {
	b := newBackedUp(t)
	caddyfile := filepath.Join(t.TempDir(), "Caddyfile")
	writeFile(t, caddyfile, "localhost")
	args := []string{"now", "--state", b.state, "--target", b.target, "--recipients", b.recipient}
	if out, err := runBackup(t, t.Context(), append(args, "--also", "Caddyfile="+caddyfile)...); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	to := t.TempDir()
	b.restore(t, to, "--only", "Caddyfile")
	if text, err := os.ReadFile(filepath.Join(to, "Caddyfile")); err != nil || string(text) != "localhost" {
		t.Errorf("%q, %v", text, err)
	}
	for _, also := range []string{"x", "x=nowhere", "policies=" + caddyfile} {
		if _, err := runBackup(t, t.Context(), append(args, "--also", also)...); err == nil || !strings.Contains(err.Error(), "--also: ") {
			t.Errorf("%s: error %v", also, err)
		}
	}
}

func TestTheTrailsOfAllGatewaysAreDrilled(t *testing.T) {
	b := newBackedUp(t)
	for _, gateway := range []string{"a", "b"} {
		newTrail(t, filepath.Join(b.state, trailFolder, gateway))
	}
	if out := b.now(t); !strings.Contains(out, "audit: a: records 1 to 2: no fault, b: records 1 to 2: no fault") {
		t.Error(out)
	}
	segment := filepath.Join(b.state, trailFolder, "b", "00000001.audit")
	records, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, segment, strings.Replace(string(records), `"trail"`, `"trial"`, 1))
	out, err := runBackup(t, t.Context(), "now", "--state", b.state, "--target", b.target, "--recipients", b.recipient)
	if err == nil || !strings.Contains(err.Error(), "b: 00000001.audit") {
		t.Errorf("%s%v", out, err)
	}
}

// newTrail makes an audit trail without an event.
func newTrail(t *testing.T, folder string) {
	t.Helper()
	trail, err := audit.Open(audit.Options{Folder: folder})
	if err == nil {
		err = trail.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyWhatIsNoStateIsLeftOut(t *testing.T) {
	databases := []string{"records.db", "a/b.db"}
	for path, want := range map[string]bool{
		"records.db": true, "records.db-wal": true, "records.db-shm": true, "a/b.db-journal": true, ".records.db-litestream": true,
		"caddy/locks": true, "backup/lock": true, "backup/scratch": true, "audit/.new-123": true, "audit/signing-key.json.signed": true,
		"other.db": false, "b.db": false, ".hidden": false, "policies/locks": false, "policies/x.lock": false,
		"policies/..data": false, "backup/key.json": false, "audit/lock": false,
	} {
		if got := isTransient(path, databases); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestBackupRunTellsOfItsHealth(t *testing.T) {
	b := newBackedUp(t)
	ctx, cancel := context.WithCancel(t.Context())
	address := "127.0.0.1:" + freeport.Get(t)
	ended := make(chan error, 1)
	go func() {
		_, err := runBackup(t, ctx, "run", "--state", b.state, "--target", b.target, "--recipients", b.recipient, "--listen", address)
		ended <- err
	}()
	health := func() string {
		resp, err := http.Get("http://" + address + "/health")
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		var answer struct{ Status string }
		_ = json.NewDecoder(resp.Body).Decode(&answer)
		return answer.Status
	}
	for deadline := time.Now().Add(30 * time.Second); health() != "ok"; {
		if time.Now().After(deadline) {
			t.Fatal(health())
		}
	}
	resp, err := http.Get("http://" + address + "/health/live")
	if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("alive: %v, %v", resp, err)
	}
	resp, err = http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(metrics), "gate_backup_failures 0") {
		t.Errorf("%s%v", metrics, err)
	}
	// What is written between two rounds is copied, too.
	newDatabase(t, filepath.Join(b.state, "jobs.db"), 2)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	b.restore(t, to, "--only", "jobs.db")
	if rows, err := replica.Rows(t.Context(), filepath.Join(to, "jobs.db")); err != nil || rows["jobs"] != 5 {
		t.Errorf("restored %v, %v, want 5 jobs", rows, err)
	}
}
