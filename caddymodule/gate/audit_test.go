package gate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/freeport"
)

func init() {
	caddy.RegisterModule(client{})
	httpcaddyfile.RegisterHandlerDirective("test_client", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return new(client), nil
	})
}

// client is a handler that authenticates each request as the principal of its
// query.
type client struct{}

func (client) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_client", New: func() caddy.Module { return new(client) }}
}

func (client) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := gate.ExchangeOf(r)
	if who := r.URL.Query().Get("who"); who != "" {
		x.Principal = &exchange.Principal{ID: who, Tenant: "acme", Method: "test"}
		if refusal := gate.RecordUse(r, x); refusal != nil {
			return gate.Refuse(w, r, refusal)
		}
	}
	return next.ServeHTTP(w, r)
}

const auditedSite = `
	gate_problem
	route /ok {
		test_client
		respond "ok"
	}
	route /refused {
		test_client
		test_author refuse
	}
`

// audited returns an edit of a config that adds a trail.
func audited(folder string, options gate.Audit) func([]byte) []byte {
	options.Folder = folder
	return func(config []byte) []byte {
		var whole map[string]any
		if err := json.Unmarshal(config, &whole); err != nil {
			panic(err)
		}
		whole["apps"].(map[string]any)["gate"] = gate.App{Audit: &options}
		edited, err := json.Marshal(whole)
		if err != nil {
			panic(err)
		}
		return edited
	}
}

func statusOf(t *testing.T, edge *edgetest.Edge, path string) int {
	t.Helper()
	res, err := edge.Client.Get(edge.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// recorded returns the events in a trail, each as its name and what the test
// wants to know of it.
func recorded(t *testing.T, folder string, identities ...age.Identity) []string {
	t.Helper()
	var events []string
	report, err := audit.Read(folder, audit.ReadOptions{Identities: identities, Visit: func(r audit.Record) error {
		entry, err := audit.ParseEntry(r.Event)
		if err != nil || !(audit.Filter{}).Match(entry) {
			return err
		}
		event := entry.Event
		if entry.Principal != "" {
			event += " " + entry.Principal
		}
		if entry.Event == "request.refused" || entry.Event == "auth.failed" {
			event += " " + string(entry.Fields)
			if entry.Request == "" {
				t.Errorf("%s names no request", event)
			}
		}
		events = append(events, event)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	return events
}

// stop ends Caddy, so that the trail is whole.
func stop(t *testing.T) {
	t.Helper()
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestTheTrailHasWhatHappensAtTheEdge(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	for _, path := range []string{"/ok?who=alice", "/ok?who=alice", "/refused?who=alice", "/refused", "/ok?who=bob"} {
		statusOf(t, edge, path)
	}
	edge.LoadEdited(auditedSite, audited(folder, gate.Audit{}))
	statusOf(t, edge, "/ok?who=alice")
	stop(t)
	want := []string{
		"gateway.started", "config.loaded", "credential.first_used alice",
		`request.refused alice {"client":"127.0.0.0","method":"test","problem":"policy-denied","status":403,"tenant":"acme"}`,
		`request.refused {"client":"127.0.0.0","problem":"policy-denied","status":403}`,
		"credential.first_used bob", "config.loaded", "gateway.stopped",
	}
	if got := recorded(t, folder); !slices.Equal(got, want) {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrincipalsAreHashedWhereThatIsWanted(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{Principals: "hash"}))
	statusOf(t, edge, "/refused?who=alice")
	stop(t)
	key, err := audit.ReadKey(audit.KeyFileOf(folder))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(recorded(t, folder), "\n")
	if strings.Contains(all, "alice") || strings.Contains(all, "acme") || !strings.Contains(all, "first_used "+key.Pseudonym("alice")) {
		t.Errorf("recorded\n%s", all)
	}
}

func TestLongNamesAreCutOffAndToldApart(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	long := strings.Repeat("é", 1000)
	for _, who := range []string{long + "1", long + "2"} {
		statusOf(t, edge, "/ok?who="+url.QueryEscape(who))
	}
	stop(t)
	names := make(map[string]bool)
	for _, event := range recorded(t, folder) {
		if who, first := strings.CutPrefix(event, "credential.first_used "); first {
			names[who] = true
			if len(who) > 300 || !utf8.ValidString(who) || !strings.HasPrefix(who, "éé") {
				t.Errorf("the name has %d bytes: %q", len(who), who)
			}
		}
	}
	if len(names) != 2 {
		t.Errorf("%d names, want 2", len(names))
	}
}

// A reload that adds recipients seals what comes afterwards, in the same trail.
func TestAReloadChangesTheOptionsOfTheTrail(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	auditor, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	edge.LoadEdited(auditedSite, audited(folder, gate.Audit{Recipients: []string{auditor.Recipient().String()}}))
	statusOf(t, edge, "/refused?who=alice")
	stop(t)
	if got := recorded(t, folder, auditor); len(got) != 6 {
		t.Errorf("recorded %v, want 6 events", got)
	}
	last, err := os.ReadFile(filepath.Join(folder, "00000002.audit"))
	if err != nil || strings.Contains(string(last), "alice") {
		t.Errorf("the second segment is in the clear: %v", err)
	}
}

// A trail that an earlier config closed is not taken for the running one.
func TestReloadsWithoutATrailLeaveIt(t *testing.T) {
	edge := edgetest.StartEdited(t, auditedSite, audited(t.TempDir(), gate.Audit{Required: true}))
	edge.Load(auditedSite)
	edge.Load(auditedSite)
	if got := statusOf(t, edge, "/refused"); got != http.StatusForbidden {
		t.Errorf("status %d, want that of the refusal", got)
	}
}

func TestAReloadCannotChangeTheKeyFile(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	err := caddy.Load(auditedConfig(t, folder, gate.Audit{KeyFile: filepath.Join(t.TempDir(), "key.json")}), true)
	if err == nil || !strings.Contains(err.Error(), "key_file: a reload cannot change it") {
		t.Errorf("another file: %v", err)
	}
	if got := statusOf(t, edge, "/refused"); got != http.StatusForbidden {
		t.Errorf("status %d: the config before does not go on", got)
	}
	edge.LoadEdited(auditedSite, audited(folder, gate.Audit{KeyFile: audit.KeyFileOf(folder)}))
}

func TestAConfigIsValidatedWithoutItsTrail(t *testing.T) {
	folder := t.TempDir()
	validate := func() {
		t.Helper()
		config := new(caddy.Config)
		if err := json.Unmarshal(auditedConfig(t, folder, gate.Audit{}), config); err != nil {
			t.Fatal(err)
		}
		if err := caddy.Validate(config); err != nil {
			t.Error(err)
		}
	}
	validate()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("validating made %v: %v", entries, err)
	}
	// as another process does
	other, err := audit.Open(audit.Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	validate()
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

func TestATrailThatWasRolledBackIsToldOrRefused(t *testing.T) {
	folder := t.TempDir()
	edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	statusOf(t, edge, "/refused")
	stop(t)
	segment := filepath.Join(folder, "00000001.audit")
	content, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	// the first record and its signature
	first := strings.Join(strings.SplitAfter(string(content), "\n")[:2], "")
	if err := os.WriteFile(segment, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	err = caddy.Load(auditedConfig(t, folder, gate.Audit{Required: true}), true)
	if err == nil || !strings.Contains(err.Error(), "the trail was rolled back: record") || !strings.Contains(err.Error(), "start once without required") {
		t.Errorf("with required: %v", err)
	}
	edge = edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{}))
	if got := statusOf(t, edge, "/refused"); got != http.StatusForbidden {
		t.Errorf("status %d without required", got)
	}
	if err := trailStatus(t).RolledBack; !errors.Is(err, audit.ErrRolledBack) {
		t.Errorf("the status says %v", err)
	}
	stop(t)
	report, err := audit.Read(folder, audit.ReadOptions{})
	if err != nil || len(report.Faults) != 1 || !strings.Contains(report.Faults[0].What, "the trail was rolled back before it (behind)") {
		t.Errorf("found %v, %v", report, err)
	}
}

// auditedConfig is a config with a trail and an empty site.
func auditedConfig(t *testing.T, folder string, options gate.Audit) []byte {
	t.Helper()
	config, err := edgetest.Adapt("{\n admin off\n persist_config off\n}\nhttp://127.0.0.1:" + freeport.Get(t) + " {\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	return audited(folder, options)(config)
}

func TestARequiredTrailThatFailsRefusesWhatItMustRecord(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("this user may not mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		stop(t)
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	for _, required := range []bool{true, false} {
		t.Run(fmt.Sprint("required ", required), func(t *testing.T) {
			edge := edgetest.StartEdited(t, auditedSite, audited(folder, gate.Audit{Required: required}))
			if got := statusOf(t, edge, "/refused"); got != http.StatusForbidden {
				t.Errorf("status %d while there is room", got)
			}
			ballast := filepath.Join(folder, "ballast")
			if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err == nil {
				t.Fatal("the disk is not full")
			}
			want := http.StatusForbidden
			if required {
				want = http.StatusServiceUnavailable
			}
			eventually.True(t, "the trail cannot be written", func() bool { return statusOf(t, edge, "/refused") == want && failing(t) })
			if got := statusOf(t, edge, "/ok?who=alice"); required && got != want || !required && got != http.StatusOK {
				t.Errorf("the first use of a credential is answered with %d", got)
			}
			if got := statusOf(t, edge, "/ok"); got != http.StatusOK {
				t.Errorf("a request without an event is answered with %d", got)
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			eventually.True(t, "there is room again", func() bool { return !failing(t) })
			if got := statusOf(t, edge, "/refused"); got != http.StatusForbidden {
				t.Errorf("status %d when there is room again", got)
			}
		})
	}
}

// failing reports whether the trail cannot be written.
func failing(t *testing.T) bool { return trailStatus(t).Err != nil }

func trailStatus(t *testing.T) audit.Status {
	t.Helper()
	app, err := caddy.ActiveContext().App("gate")
	if err != nil {
		t.Fatal(err)
	}
	return app.(*gate.App).TrailStatus()
}

func TestOptionsOfAuditThatAreWrongAreNamed(t *testing.T) {
	t.Setenv("ODORDIFF_STATE", "")
	for option, want := range map[string]string{
		"folder":             "folder: its value is missing",
		"sync sometimes":     "sync",
		"rotate_size 1KiB":   "rotate_size",
		"rotate_age -1s":     "rotate_age",
		"quota 100KiB":       "quota",
		"recipients bob":     "recipients",
		"principals initial": "principals",
		"required yes":       "required",
		"folders /x":         "folder",
	} {
		err := new(gate.App).UnmarshalCaddyfile(caddyfile.NewTestDispenser("gate {\n audit {\n  " + option + "\n }\n}"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Testfile:3") {
			t.Errorf("%s: %v, want an error that names %s and the line", option, err, want)
		}
	}
}
