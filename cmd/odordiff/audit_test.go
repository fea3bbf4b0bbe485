package main

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/audit"
)

// auditedState points the commands to a state directory with a trail of three
// events, sealed to the recipients.
func auditedState(t *testing.T, recipients ...age.Recipient) (folder string) {
	t.Helper()
	t.Setenv("ODORDIFF_STATE", t.TempDir())
	folder = filepath.Join(stateDir(), "audit")
	trail, err := audit.Open(audit.Options{Folder: folder, Recipients: recipients})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []audit.Event{
		{Name: "request.refused", Request: "r1", Principal: trail.Pseudonym("alice"), Fields: []audit.Field{audit.Number("status", 429)}},
		{Name: "request.refused", Request: "r2", Principal: "bob", Fields: []audit.Field{audit.Number("status", 403)}},
		{Name: "policy.changed"},
	} {
		if err := trail.Append(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// identityFile makes an identity and writes it to a file.
func identityFile(t *testing.T) (file string, recipient age.Recipient) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "identity.txt")
	if err := os.WriteFile(file, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, identity.Recipient()
}

func TestAuditVerifySaysWhatATrailIsAndWhatIsWrong(t *testing.T) {
	folder := auditedState(t)
	checkpoint, err := runCommand(t, auditCheckpointCommand(), "")
	if err != nil {
		t.Fatal(checkpoint, err)
	}
	key, err := audit.ReadKey(audit.KeyFileOf(folder))
	if err != nil {
		t.Fatal(err)
	}
	out, err := runCommand(t, auditVerifyCommand(), checkpoint, "--checkpoint", "-", "--key", base64.StdEncoding.EncodeToString(key.Public()))
	if err != nil || !strings.Contains(out, "records 1 to 6, of them 3 events: no fault") || !strings.Contains(out, "up to record 5 as the checkpoint") {
		t.Errorf("%s%v", out, err)
	}
	segment := filepath.Join(folder, "00000001.audit")
	content, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(segment, []byte(strings.Replace(string(content), `"bob"`, `"eve"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = runCommand(t, auditVerifyCommand(), "")
	if err == nil || !strings.Contains(out, "00000001.audit:5: record 5: it commits to another record 4") {
		t.Errorf("%s%v", out, err)
	}
}

func TestAuditQueryPrintsWhatTheFlagsChoose(t *testing.T) {
	auditedState(t)
	for flags, want := range map[string]string{
		"":                                 "r1 r2 -",
		"--event request":                  "r1 r2",
		"--request r2":                     "r2",
		"--principal alice":                "r1",
		"--principal bob":                  "r2",
		"--since 1h":                       "r1 r2 -",
		"--until 1h":                       "",
		"--since 2100-01-01T00:00:00Z":     "",
		"--event trail.signature":          "- -",
		"--event policy --request nothing": "",
	} {
		out, err := runCommand(t, auditQueryCommand(), "", strings.Fields(flags)...)
		if err != nil {
			t.Errorf("%s: %v\n%s", flags, err, out)
		}
		var got []string
		for line := range strings.Lines(out) {
			_, rest, found := strings.Cut(line, `"request":"`)
			id, _, _ := strings.Cut(rest, `"`)
			if !found {
				id = "-"
			}
			got = append(got, id)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", flags, got, want)
		}
	}
}

// A trail that keeps its key elsewhere is searched with that; else it is said
// that hashed names are not found.
func TestAuditQueryFindsHashedPrincipalsWithTheKeyFile(t *testing.T) {
	folder := auditedState(t)
	elsewhere := filepath.Join(t.TempDir(), "key.json")
	if err := os.Rename(audit.KeyFileOf(folder), elsewhere); err != nil {
		t.Fatal(err)
	}
	out, err := runCommand(t, auditQueryCommand(), "", "--principal", "alice", "--key-file", elsewhere)
	if err != nil || !strings.Contains(out, `"request":"r1"`) {
		t.Errorf("%s%v", out, err)
	}
	out, err = runCommand(t, auditQueryCommand(), "", "--principal", "alice")
	if err != nil || !strings.Contains(out, "not found; name the key with --key-file") {
		t.Errorf("%s%v", out, err)
	}
	out, err = runCommand(t, auditQueryCommand(), "", "--principal", "alice", "--key-file", folder+"/none")
	if err == nil || !strings.Contains(err.Error(), "--key-file: reading the signing key") {
		t.Errorf("%s%v", out, err)
	}
}

// Whoever can write the folder can put records there that no gateway writes.
func TestEventsThatAreNoObjectsDoNotHideOthers(t *testing.T) {
	var c choice
	cmd := auditQueryCommand()
	var out strings.Builder
	cmd.SetErr(&out)
	var seen []uint64
	options, err := c.visit(cmd, func(r audit.Record, _ audit.Entry) error {
		seen = append(seen, r.Seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, event := range []string{"", "7", "{", `{"event":"policy.changed","time":"2026-01-02T15:04:05Z"}`} {
		record := audit.Record{Seq: uint64(i) + 1, Event: []byte(event)}
		if err := options.Visit(record); err != nil {
			t.Errorf("%q ends the reading: %v", event, err)
		}
		if err := printRecord(&out, record); err != nil {
			t.Errorf("%q: %v", event, err)
		}
	}
	if len(seen) != 1 || seen[0] != 4 || c.strange != 3 || !strings.Contains(out.String(), "record 2: ") {
		t.Errorf("seen %v, %d strange, said\n%s", seen, c.strange, out.String())
	}
}

func TestAuditVerifyFailsWithACheckpointThatIsTooOld(t *testing.T) {
	folder := auditedState(t)
	checkpoint, err := runCommand(t, auditCheckpointCommand(), "")
	if err != nil {
		t.Fatal(checkpoint, err)
	}
	for range 2 { // The second deletes the segment of the first.
		trail, err := audit.Open(audit.Options{Folder: folder, RetainCount: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(trail.Append(t.Context(), audit.Event{Name: "policy.changed"}), trail.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := runCommand(t, auditVerifyCommand(), ""); err != nil {
		t.Errorf("%s%v", out, err)
	}
	out, err := runCommand(t, auditVerifyCommand(), checkpoint, "--checkpoint", "-")
	if err == nil || !strings.Contains(out, "older than what is kept") {
		t.Errorf("%s%v", out, err)
	}
}

func TestASealedTrailIsReadWithAnIdentity(t *testing.T) {
	file, recipient := identityFile(t)
	other, _ := identityFile(t)
	auditedState(t, recipient)
	out, err := runCommand(t, auditDecryptCommand(), "", "--identity", file)
	if err != nil || strings.Count(out, "\n") != 6 || !strings.Contains(out, `"request":"r2"`) {
		t.Errorf("%s%v", out, err)
	}
	out, err = runCommand(t, auditQueryCommand(), "", "--identity", file, "--request", "r2")
	if err != nil || strings.Count(out, "\n") != 1 {
		t.Errorf("%s%v", out, err)
	}
	if out, err = runCommand(t, auditQueryCommand(), ""); err == nil || !strings.Contains(err.Error(), "3 events are sealed: give the private key") {
		t.Errorf("%s%v", out, err)
	}
	if out, err = runCommand(t, auditDecryptCommand(), "", "--identity", other); err == nil || !strings.Contains(err.Error(), "3 events are sealed to others") {
		t.Errorf("%s%v", out, err)
	}
	if out, err = runCommand(t, auditVerifyCommand(), ""); err != nil {
		t.Errorf("%s%v", out, err)
	}
}

func TestAuditTailPrintsTheLastEvents(t *testing.T) {
	auditedState(t)
	out, err := runCommand(t, auditTailCommand(), "", "--lines", "2")
	if err != nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, "r2") || !strings.Contains(out, "policy.changed") {
		t.Errorf("%s%v", out, err)
	}
}

func TestAuditExportPrintsOCSF(t *testing.T) {
	auditedState(t)
	out, err := runCommand(t, auditExportCommand(), "", "--request", "r2")
	if err != nil || !strings.Contains(out, `"class_uid":6003`) || !strings.Contains(out, `"status_code":"403"`) || strings.Contains(out, `"uid":"/`) {
		t.Errorf("%s%v", out, err)
	}
}

func TestAuditRotateKeyKeepsTheTrailWhole(t *testing.T) {
	folder := auditedState(t)
	out, err := runCommand(t, auditRotateKeyCommand(), "")
	if err != nil {
		t.Fatal(out, err)
	}
	trail, err := audit.Open(audit.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := runCommand(t, auditVerifyCommand(), "", "--key", strings.TrimSpace(out)); err != nil {
		t.Errorf("%s%v", out, err)
	}
}

func TestErrorsOfAuditSayWhatIsWrong(t *testing.T) {
	auditedState(t)
	for flags, want := range map[string]string{
		"--since yesterday": "--since: \"yesterday\" is not a time",
		"--identity /none":  "--identity: reading the identity",
		"--folder /none":    "looking for trails",
	} {
		if out, err := runCommand(t, auditQueryCommand(), "", strings.Fields(flags)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s\n%s", flags, err, want, out)
		}
	}
	for flags, want := range map[string]string{"--key abc": "--key: not an Ed25519", "--checkpoint -": "--checkpoint: not a checkpoint"} {
		if out, err := runCommand(t, auditVerifyCommand(), "hello", strings.Fields(flags)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s\n%s", flags, err, want, out)
		}
	}
}

func TestAnInstantIsATimeOrHowLongAgo(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	if at, err := instant("24h", now); err != nil || !at.Equal(now.AddDate(0, 0, -1)) {
		t.Error(at, err)
	}
	if at, err := instant("2026-01-01T01:00:00+01:00", now); err != nil || !at.Equal(now.AddDate(0, 0, -1)) {
		t.Error(at, err)
	}
}

func TestAuditAsksWhichTrailWhereTwoGatewaysKeepOneEach(t *testing.T) {
	first := auditedState(t)
	second := filepath.Join(first, "b")
	newTrail(t, second)
	out, err := runCommand(t, auditVerifyCommand(), "")
	if err == nil || !strings.Contains(err.Error(), "there are 2 trails, say which: --folder "+first+", --folder "+second) {
		t.Errorf("%s%v", out, err)
	}
	if out, err = runCommand(t, auditVerifyCommand(), "", "--folder", first); err != nil || !strings.Contains(out, "of them 3 events") {
		t.Errorf("%s%v", out, err)
	}
	t.Setenv("ODORDIFF_AUDIT", second)
	if out, err = runCommand(t, auditVerifyCommand(), ""); err != nil || !strings.Contains(out, "of them 0 events") {
		t.Errorf("%s%v", out, err)
	}
	if err := os.RemoveAll(second); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ODORDIFF_AUDIT", "")
	if out, err = runCommand(t, auditVerifyCommand(), ""); err != nil || !strings.Contains(out, "of them 3 events") {
		t.Errorf("%s%v", out, err)
	}
}
