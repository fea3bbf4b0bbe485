package audit_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/odordiff/odordiff/internal/audit"
)

func TestAFilterChoosesEvents(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	entry := audit.Entry{Event: "request.refused", Principal: "alice", Request: "r1", Time: at}
	for what, test := range map[string]struct {
		filter audit.Filter
		want   bool
	}{
		"everything":           {audit.Filter{}, true},
		"the name":             {audit.Filter{Event: "request.refused"}, true},
		"its first word":       {audit.Filter{Event: "request"}, true},
		"a part of a word":     {audit.Filter{Event: "req"}, false},
		"since":                {audit.Filter{Since: at}, true},
		"since later":          {audit.Filter{Since: at.Add(1)}, false},
		"until":                {audit.Filter{Until: at}, false},
		"until later":          {audit.Filter{Until: at.Add(1)}, true},
		"the request":          {audit.Filter{Request: "r1"}, true},
		"another request":      {audit.Filter{Request: "r2"}, false},
		"one of principals":    {audit.Filter{Principals: []string{"bob", "alice"}}, true},
		"another principal":    {audit.Filter{Principals: []string{"bob"}}, false},
		"two, one of which no": {audit.Filter{Event: "request", Request: "r2"}, false},
	} {
		if got := test.filter.Match(entry); got != test.want {
			t.Errorf("%s: %t", what, got)
		}
	}
	if (audit.Filter{}).Match(audit.Entry{Event: "trail.signature"}) || !(audit.Filter{Event: "trail"}).Match(audit.Entry{Event: "trail.signature"}) {
		t.Error("a signature is chosen only where the trail's own events are asked for")
	}
}

func TestAReaderFollowsTheTrailOverSegments(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, MaxSize: audit.MinSize, MaxGroup: 100})
	add(t, trail, 1)
	stop := make(chan struct{})
	var ids []string
	atEnd := make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := audit.Read(folder, audit.ReadOptions{
			Follow: stop,
			AtEnd:  func() error { close(atEnd); return nil },
			Visit: func(r audit.Record) error {
				entry, err := audit.ParseEntry(r.Event)
				if entry.Request != "" {
					ids = append(ids, entry.Request)
				}
				if len(ids) == 4000 {
					close(stop)
				}
				return err
			},
		})
		done <- err
	}()
	<-atEnd
	for i := 1; i < 4000; i++ {
		trail.Offer(refused(i))
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if segment := trail.Status().Segment; segment < 3 {
		t.Errorf("%d segments, want some", segment)
	}
	wantRequests(t, ids, 4000)
}

// The events of this test go through a trail, so that they have its form.
func TestEventsAreExportedToOCSF(t *testing.T) {
	folder := t.TempDir()
	trail := open(t, audit.Options{Folder: folder, Now: func() time.Time { return time.UnixMilli(1_767_225_600_123) }})
	events := []audit.Event{
		{Name: "gateway.started"},
		{Name: "auth.failed", Request: "r1", Fields: []audit.Field{audit.Text("problem", "credential-unknown"), audit.Text("client", "203.0.113.0/24")}},
		refused(2),
		{Name: "credential.first_used", Principal: "alice", Fields: []audit.Field{audit.Text("tenant", "acme")}},
		{Name: "policy.changed", Fields: []audit.Field{audit.Text("revision", "abc"), audit.Text("name", "policies")}},
		{Name: "gateway.stopped"},
	}
	for _, event := range events {
		if err := trail.Append(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	closeTrail(t, trail)
	var got []string
	read(t, folder, audit.ReadOptions{Visit: func(r audit.Record) error {
		entry, err := audit.ParseEntry(r.Event)
		if err != nil || !(audit.Filter{}).Match(entry) {
			return err
		}
		line, err := audit.OCSF("t", r.Seq, entry)
		got = append(got, string(line))
		return err
	}})
	metadata := func(seq, event, more string) string {
		return `"metadata":{"version":"1.5.0","product":{"name":"OdorDiff-2","vendor_name":"OdorDiff"},"uid":"t/` + seq + `","sequence":` + seq +
			`,"log_name":"audit","event_code":"` + event + `",` + more + `"original_time":"2026-01-01T00:00:00.123000Z"}`
	}
	const at = `"time":1767225600123`
	want := []string{
		`{"activity_id":3,"category_uid":6,"class_uid":6002,"type_uid":600203,"severity_id":1,` + at + `,"message":"gateway.started",` + metadata("3", "gateway.started", "") +
			`,"app":{"name":"OdorDiff-2","vendor_name":"OdorDiff"}}`,
		`{"activity_id":1,"category_uid":3,"class_uid":3002,"type_uid":300201,"severity_id":2,"status_id":2,"status_detail":"credential-unknown",` + at + `,"message":"auth.failed",` +
			metadata("4", "auth.failed", `"correlation_uid":"r1",`) +
			`,"user":{"uid":"unknown"},"src_endpoint":{"name":"203.0.113.0/24"},"service":{"name":"OdorDiff-2"},"unmapped":{"client":"203.0.113.0/24","problem":"credential-unknown"}}`,
		`{"activity_id":99,"activity_name":"request.refused","category_uid":6,"class_uid":6003,"type_uid":600399,"severity_id":2,"status_id":2,"status_detail":"limited","status_code":"429",` + at +
			`,"message":"request.refused",` + metadata("5", "request.refused", `"correlation_uid":"r2",`) +
			`,"actor":{"user":{"uid":"alice"}},"api":{"operation":"request.refused"},"src_endpoint":{"name":"unknown"},"unmapped":{"by":["burst"],"problem":"limited","status":429}}`,
		`{"activity_id":1,"category_uid":3,"class_uid":3002,"type_uid":300201,"severity_id":1,"status_id":1,` + at + `,"message":"credential.first_used",` + metadata("6", "credential.first_used", "") +
			`,"user":{"uid":"alice","domain":"acme"},"src_endpoint":{"name":"unknown"},"service":{"name":"OdorDiff-2"},"unmapped":{"tenant":"acme"}}`,
		`{"activity_id":3,"category_uid":3,"class_uid":3004,"type_uid":300403,"severity_id":1,` + at + `,"message":"policy.changed",` + metadata("7", "policy.changed", "") +
			`,"entity":{"name":"policies","type":"policy","uid":"abc"},"unmapped":{"name":"policies","revision":"abc"}}`,
		`{"activity_id":4,"category_uid":6,"class_uid":6002,"type_uid":600204,"severity_id":1,` + at + `,"message":"gateway.stopped",` + metadata("8", "gateway.stopped", "") +
			`,"app":{"name":"OdorDiff-2","vendor_name":"OdorDiff"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecipientsAndIdentities(t *testing.T) {
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	x25519 := identity(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	for kind, pair := range map[string]struct{ recipient, identity string }{
		"X25519": {x25519.Recipient().String(), x25519.String()},
		"hybrid": {hybrid.Recipient().String(), hybrid.String()},
		"SSH":    {string(ssh.MarshalAuthorizedKey(sshPublic)), string(pem.EncodeToMemory(block))},
	} {
		t.Run(kind, func(t *testing.T) {
			recipient, err := audit.ParseRecipient(pair.recipient)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "identity")
			write(t, file, []byte(pair.identity))
			identities, err := audit.ReadIdentities(file)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			trail := open(t, audit.Options{Folder: folder, Recipients: []age.Recipient{recipient}})
			add(t, trail, 2)
			closeTrail(t, trail)
			wantRequests(t, requests(t, folder, identities...), 2)
		})
	}
}

func TestTextsThatAreNoRecipient(t *testing.T) {
	for _, text := range []string{"", "age1", "bob", identity(t).String(), "ssh-ed25519 AAAA", "age1a\nage1b"} {
		if _, err := audit.ParseRecipient(text); err == nil {
			t.Errorf("%q is a recipient", text)
		}
	}
}
