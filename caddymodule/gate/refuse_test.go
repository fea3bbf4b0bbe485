package gate

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/problem"
)

func TestARefusalsFieldsAreOnTheResponseAtOnce(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Retry-After", "of somebody before")
	p := problem.CredentialMissing.New("").
		Header("WWW-Authenticate", "Bearer").Header("WWW-Authenticate", "Basic").RetryAfter(time.Second)
	err := Refuse(rec, httptest.NewRequest(http.MethodGet, "/", nil), p)
	if got := (*problem.Problem)(nil); !errors.As(err, &got) || got != p {
		t.Errorf("err = %v, want the problem", err)
	}
	if got := rec.Header().Values("WWW-Authenticate"); len(got) != 2 || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("the header is %v", rec.Header())
	}
}

func TestReasonsThatAreCountedAreBounded(t *testing.T) {
	v := &vocabulary{seen: make(map[string]bool)}
	for name, want := range map[string]string{
		"chemical-weapon": "chemical-weapon", "gate_jwt": "gate_jwt",
		"": otherReason, "of a client": otherReason, "a\nb": otherReason,
	} {
		if got := v.label([]string{name, "second"}); got != want {
			t.Errorf("label(%q) = %q, want %q", name, got, want)
		}
	}
	for i := range 2 * maxReasons {
		v.label([]string{fmt.Sprint("computed-", i)})
	}
	if got := v.label([]string{"one-too-many"}); got != otherReason || len(v.seen) != maxReasons {
		t.Errorf("label = %q with %d reasons", got, len(v.seen))
	}
	if got := v.label([]string{"gate_jwt"}); got != "gate_jwt" {
		t.Errorf("a known reason became %q", got)
	}
	if got := v.label(nil); got != "" {
		t.Errorf("no reason became %q", got)
	}
}

func TestAConfigThatFailsGivesTheLogBack(t *testing.T) {
	before := currentLog.Load()
	running, failing := zap.NewNop(), zap.NewExample()
	endRunning := takeOverLog(running)
	endFailing := takeOverLog(failing)
	endFailing()
	if currentLog.Load() != running {
		t.Error("the config that runs lost its log")
	}
	next := zap.NewExample()
	endNext := takeOverLog(next)
	endRunning() // as a reload does, after the next has started
	if currentLog.Load() != next {
		t.Error("the config before took the log back")
	}
	endNext()
	currentLog.Store(before)
}
