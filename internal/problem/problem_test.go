package problem

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestWriteRendersRFC9457(t *testing.T) {
	rec := httptest.NewRecorder()
	p := PolicyDenied.New("the prompt asks for a nerve agent").
		With("reasons", []string{"weapons"}).
		RetryAfter(1500 * time.Millisecond).
		Because(errors.New("secret internal"))
	if err := p.Write(rec, "req-1"); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusForbidden || rec.Header().Get("Content-Type") != ContentType {
		t.Fatalf("status %d, type %q", rec.Code, rec.Header().Get("Content-Type"))
	}
	if got := rec.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After = %q, want seconds rounded up: 2", got)
	}
	if strings.Contains(rec.Body.String(), "secret internal") {
		t.Error("the cause reached the client")
	}
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]any{
		"type": PolicyDenied.URI(), "title": PolicyDenied.Title, "status": 403.0,
		"detail": "the prompt asks for a nerve agent", "request_id": "req-1",
	} {
		if body[member] != want {
			t.Errorf("%s = %v, want %v", member, body[member], want)
		}
	}
}

func TestClientsOfOpenAIsAPIFindTheError(t *testing.T) {
	for _, c := range []struct {
		problem             *Problem
		message, kind, code string
	}{
		{PolicyDenied.New("it smells"), "it smells", "permission_error", "policy-denied"},
		{CredentialMissing.New(""), CredentialMissing.Title, "authentication_error", "credential-missing"},
		{QuotaExceeded.New("slower"), "slower", "rate_limit_error", "quota-exceeded"},
		{Invalid.New("x"), "x", "invalid_request_error", "invalid-request"},
		{UpstreamTimeout.New("x"), "x", "server_error", "upstream-timeout"},
	} {
		want := map[string]string{"message": c.message, "type": c.kind, "code": c.code}
		if got := c.problem.Body("")["error"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: error = %v, want %v", c.problem.Name, got, want)
		}
	}
}

func TestWriteLeavesExtensionsUntouched(t *testing.T) {
	p := Internal.New("").With("x", 1)
	for range 2 {
		if err := p.Write(httptest.NewRecorder(), "id"); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.Extensions) != 1 {
		t.Errorf("extensions grew: %v", p.Extensions)
	}
}

func TestErrorKeepsTheCauseForTheLog(t *testing.T) {
	cause := errors.New("dial refused")
	var err error = UpstreamUnavailable.New("try later").Because(cause)
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if want := "upstream-unavailable: try later: dial refused"; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err.Error(), want)
	}
}

func TestForStatusAlwaysHasAStatusAndTitle(t *testing.T) {
	for status := 400; status < 600; status++ {
		p := ForStatus(status)
		if p.Title == "" || http.StatusText(p.Status) == "" && p.Status != StatusClientLeft {
			t.Errorf("ForStatus(%d) = %+v", status, p.Kind)
		}
	}
}

func TestEveryKindIsDocumentedOnceWithItsStatus(t *testing.T) {
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] {
			t.Errorf("%s is listed twice", k.Name)
		}
		seen[k.Name] = true
		section, ok := section(string(page), k.Name)
		if !ok {
			t.Errorf("docs/errors.md has no section '## %s'", k.Name)
			continue
		}
		if !strings.Contains(section, http.StatusText(k.Status)) {
			t.Errorf("the section of %s does not name its status %d %s", k.Name, k.Status, http.StatusText(k.Status))
		}
	}
	for line := range strings.SplitSeq(string(page), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok && !seen[name] {
			t.Errorf("docs/errors.md documents %q, which no kind is called", name)
		}
	}
}

func section(page, name string) (string, bool) {
	_, rest, found := strings.Cut(page, "\n## "+name+"\n")
	if !found {
		return "", false
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text, true
}
