package limit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/eventually"
)

// controlled is an edge with an admin API.
type controlled struct {
	*edgetest.Edge

	admin string
}

// startControlled runs a site with the edits of its config.
func startControlled(t *testing.T, site string, edits ...func([]byte) []byte) controlled {
	t.Helper()
	address := edgetest.FreeAddress(t)
	edge := edgetest.StartEdited(t, site, withAdmin(t, address, edits...))
	// It ends the admin API, which stopping Caddy leaves.
	t.Cleanup(func() { edge.Load("") })
	return controlled{edge, "http://" + address}
}

// withAdmin returns the edits, and one that adds an admin API.
func withAdmin(t *testing.T, address string, edits ...func([]byte) []byte) func([]byte) []byte {
	return func(config []byte) []byte {
		t.Helper()
		for _, edit := range edits {
			config = edit(config)
		}
		var whole map[string]any
		if err := json.Unmarshal(config, &whole); err != nil {
			t.Fatal(err)
		}
		whole["admin"] = map[string]any{"listen": address, "config": map[string]any{"persist": false}}
		edited, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		return edited
	}
}

// control sends a request to the admin API.
func (c controlled) control(t *testing.T, method, path, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(bytes.TrimSpace(content))
}

const controlledSite = `
	gate_problem
	route /limited {
		gate_limit client {client_ip} 2/1h
		gate_limit {
			limit twice {
				key all
				rate 100/1h
			}
		}
		gate_limit {
			limit twice {
				key all
				rate 100/2h
			}
		}
		respond "ok"
	}
`

const aClient = `"limit": "client", "address": "127.0.0.1"`

func TestAnOverrideHoldsAtOnceAndOverAReload(t *testing.T) {
	edge := startControlled(t, controlledSite)
	for range 2 {
		get(t, edge.Edge)
	}
	if res, _ := get(t, edge.Edge); res.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("status %d beyond the rate", res.StatusCode)
	}
	if status, answer := edge.control(t, http.MethodGet, "/gate/limits", ""); status != http.StatusOK || !strings.Contains(answer, `"refused":1`) {
		t.Errorf("who is refused: %d %s", status, answer)
	}
	if status, answer := edge.control(t, http.MethodPost, "/gate/limits/set", `{`+aClient+`, "rate": 3, "for": "1h"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	edge.LoadEdited(controlledSite+"\nheader X-Reloaded yes\n", withAdmin(t, strings.TrimPrefix(edge.admin, "http://")))
	res, _ := get(t, edge.Edge)
	if policy := res.Header.Get("RateLimit-Policy"); res.StatusCode != http.StatusOK || !strings.HasPrefix(policy, `"client";q=3;w=3600`) {
		t.Errorf("after the reload: %d, %s", res.StatusCode, policy)
	}
	if status, answer := edge.control(t, http.MethodPost, "/gate/limits/reset", `{`+aClient+`}`); status != http.StatusOK || !strings.Contains(answer, `"used":3`) {
		t.Errorf("the reset: %d %s", status, answer)
	}
	if res, _ := get(t, edge.Edge); !strings.HasPrefix(res.Header.Get("RateLimit"), `"client";r=2;`) {
		t.Errorf("after the reset: %s", res.Header.Get("RateLimit"))
	}
}

func TestABlockedClientIsToldWhenItMayComeBack(t *testing.T) {
	edge := startControlled(t, controlledSite)
	edge.control(t, http.MethodPost, "/gate/limits/set", `{"limit": "client", "blocked": true, "for": "1h"}`)
	res, body := get(t, edge.Edge)
	if res.StatusCode != http.StatusTooManyRequests || !strings.HasPrefix(res.Header.Get("RateLimit"), `"client";r=0;t=3600`) {
		t.Errorf("%d, RateLimit: %s", res.StatusCode, res.Header.Get("RateLimit"))
	}
	if !strings.Contains(string(body), `lets nothing pass`) {
		t.Errorf("it is told %s", body)
	}
}

func TestTheAdminAPIRefusesWhatMakesNoSense(t *testing.T) {
	edge := startControlled(t, controlledSite)
	for name, c := range map[string]struct {
		method, route, body string
		status              int
		want                string
	}{
		"no JSON":               {"POST", "get", `limit=client`, 400, "no JSON of this route"},
		"nothing":               {"POST", "get", ``, 400, "no JSON of this route"},
		"another type":          {"POST", "get", `{"limit": 7}`, 400, "no JSON of this route"},
		"a misspelt field":      {"POST", "set", `{` + aClient + `, "rat": 5, "for": "1h"}`, 400, `unknown field \"rat\"`},
		"too much":              {"POST", "get", `{"limit": "` + strings.Repeat("x", 1<<20) + `"}`, 400, "too large"},
		"no such limit":         {"POST", "get", `{"limit": "none"}`, 404, "there are client, twice"},
		"no limit":              {"POST", "get", `{}`, 404, "there are client, twice"},
		"one of two windows":    {"POST", "get", `{"limit": "twice"}`, 400, "windows of 1h, 2h: say which"},
		"a window that is none": {"POST", "get", `{"limit": "twice", "window": "long"}`, 400, "window: "},
		"a hash that is none":   {"POST", "reset", `{"limit": "client", "hash": "../x"}`, 400, "hash: "},
		"a hash and a key":      {"POST", "get", `{` + aClient + `, "hash": "AAAAAAAAAAAAAAAAAAAAAA"}`, 400, "hash: it says by itself"},
		"no key to reset":       {"POST", "reset", `{"limit": "client"}`, 400, "key: missing"},
		"no rate":               {"POST", "set", `{` + aClient + `, "for": "1h"}`, 400, "rate: missing"},
		"two rates":             {"POST", "set", `{` + aClient + `, "rate": 5, "blocked": true, "for": "1h"}`, 400, "rate: give one"},
		"a negative rate":       {"POST", "set", `{` + aClient + `, "rate": -5, "for": "1h"}`, 400, "rate: -5 is less"},
		"a rate with a point":   {"POST", "set", `{` + aClient + `, "rate": 0.5, "for": "1h"}`, 400, "no JSON of this route"},
		"too high a rate":       {"POST", "set", `{` + aClient + `, "rate": 9000000000000000, "for": "1h"}`, 400, "rate: "},
		"no end":                {"POST", "set", `{` + aClient + `, "rate": 5}`, 400, "for: "},
		"an end long ago":       {"POST", "set", `{` + aClient + `, "rate": 5, "for": "-1h"}`, 400, "for: "},
		"too late an end":       {"POST", "set", `{` + aClient + `, "rate": 5, "for": "31d"}`, 400, "for: "},
		"a reason of two lines": {"POST", "set", `{` + aClient + `, "rate": 5, "for": "1h", "reason": "a\nb"}`, 400, "reason: "},
		"nothing to remove":     {"POST", "remove", `{` + aClient + `}`, 404, "no such override"},
		"another method":        {"GET", "set", ``, 405, "use POST"},
	} {
		status, answer := edge.control(t, c.method, "/gate/limits/"+c.route, c.body)
		if status != c.status || !strings.Contains(answer, c.want) || !strings.HasPrefix(answer, `{"error":`) {
			t.Errorf("%s: %d %.300s, want %d with %q", name, status, answer, c.status, c.want)
		}
	}
	if _, answer := edge.control(t, http.MethodGet, "/gate/limits", ""); !strings.Contains(answer, `"overrides":[]`) {
		t.Errorf("something is in force: %s", answer)
	}
}

func TestAGatewayWithoutLimitsSaysSo(t *testing.T) {
	edge := startControlled(t, "gate_problem")
	if status, answer := edge.control(t, http.MethodGet, "/gate/limits", ""); status != http.StatusOK || !strings.Contains(answer, `"limits":[]`) {
		t.Errorf("the list: %d %s", status, answer)
	}
	if status, answer := edge.control(t, http.MethodPost, "/gate/limits/get", `{"limit": "l"}`); status != http.StatusNotFound || !strings.Contains(answer, "gate_limit adds one") {
		t.Errorf("a limit: %d %s", status, answer)
	}
}

func TestEachChangeIsRecordedWithWhoAndWhy(t *testing.T) {
	folder := t.TempDir()
	edge := startControlled(t, controlledSite, edgetest.Audited(t, folder))
	for _, step := range []struct{ route, more, event, field, want string }{
		{"set", `"rate": 5, "for": "1h", "reason": "a batch", "by": "carol"`, "admin.limit_set", "to", "5/1h"},
		{"set", `"rate": 9, "for": "1h", "reason": "a larger one", "by": "carol"`, "admin.limit_set", "from", "5/1h"},
		{"set", `"unlimited": true, "for": "1h", "reason": "the last", "by": "dave"`, "admin.limit_set", "by", "dave"},
		{"remove", `"reason": "it is done", "by": "carol"`, "admin.limit_removed", "from", "unlimited"},
		{"reset", `"reason": "our fault", "by": "carol"`, "admin.limit_reset", "reason", "our fault"},
	} {
		body := fmt.Sprintf(`{%s, %s}`, aClient, step.more)
		if status, answer := edge.control(t, http.MethodPost, "/gate/limits/"+step.route, body); status != http.StatusOK {
			t.Fatalf("%s: %d %s", body, status, answer)
		}
		edgetest.AwaitEvent(t, folder, step.event, step.field, step.want)
	}
}

func TestWhatCannotBeRecordedIsNotDoneWhereTheTrailIsRequired(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("this user may not mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	required := func(config []byte) []byte {
		return bytes.Replace(config, []byte(`"audit":{`), []byte(`"audit":{"required":true,`), 1)
	}
	edge := startControlled(t, controlledSite, edgetest.Audited(t, folder), required)
	if err := os.WriteFile(filepath.Join(folder, "ballast"), make([]byte, 512<<10), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	eventually.True(t, "the trail cannot be written", func() bool {
		status, answer := edge.control(t, http.MethodPost, "/gate/limits/reset", `{`+aClient+`}`)
		return status == http.StatusServiceUnavailable && strings.Contains(answer, "nothing was changed")
	})
	if status, answer := edge.control(t, http.MethodPost, "/gate/limits/set", `{`+aClient+`, "rate": 9, "for": "1h"}`); status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, answer)
	}
	if _, answer := edge.control(t, http.MethodGet, "/gate/limits", ""); !strings.Contains(answer, `"overrides":[]`) {
		t.Errorf("something is in force: %s", answer)
	}
}
