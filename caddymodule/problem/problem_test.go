package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/problem"
)

// refused is the error that a module of ours ends a request with.
func refused(p *problem.Problem) error {
	return gate.Refuse(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), p)
}

func TestErrorsBecomeProblems(t *testing.T) {
	denied := problem.PolicyDenied.New("no").Because(errors.New("secret"))
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"a refusal of ours":           {refused(denied), 403, "#policy-denied"},
		"a refusal that was wrapped":  {fmt.Errorf("while serving: %w", refused(denied)), 403, "#policy-denied"},
		"a standard handler's status": {caddyhttp.Error(413, errors.New("secret")), 413, "#body-too-large"},
		"a refusal because of another": {refused(problem.UpstreamUnavailable.New("no").Because(caddyhttp.Error(502, errors.New("secret")))),
			503, "#upstream-unavailable"},
		"the proxy's":               {caddyhttp.Error(502, errors.New("dial 10.0.0.1: secret")), 502, "#upstream-failed"},
		"a status without a kind":   {caddyhttp.Error(418, errors.New("secret")), 418, "about:blank"},
		"an error without a status": {errors.New("secret"), 500, "#internal-error"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r = r.WithContext(context.WithValue(r.Context(), caddyhttp.ErrorCtxKey, c.err))
			if err := new(Handler).ServeHTTP(rec, r, nil); err != nil {
				t.Fatal(err)
			}
			var body struct{ Type string }
			if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if rec.Code != c.status || !strings.HasSuffix(body.Type, c.kind) {
				t.Errorf("%d %s, want %d %s", rec.Code, body.Type, c.status, c.kind)
			}
			if strings.Contains(rec.Body.String(), "secret") {
				t.Errorf("the cause reached the client: %s", rec.Body)
			}
		})
	}
}

func TestAnErrorOfALaterHandlerIsAnsweredInPlace(t *testing.T) {
	rec := httptest.NewRecorder()
	err := new(Handler).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil), caddyhttp.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) error {
			return gate.Refuse(w, r, problem.QuotaExceeded.New("").RetryAfter(time.Second))
		}))
	if err != nil || rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "1" ||
		rec.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("%v, %d %v", err, rec.Code, rec.Header())
	}
}

func TestAHeaderOverTheBoundIsRefused(t *testing.T) {
	bound := 2048
	for length, status := range map[int]int{1900: http.StatusOK, 2100: http.StatusRequestHeaderFieldsTooLarge} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Long", strings.Repeat("x", length))
		err := (&Handler{MaxHeader: &bound}).ServeHTTP(rec, r, caddyhttp.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusOK); return nil }))
		if err != nil || rec.Code != status {
			t.Errorf("%d bytes: %v, %d; want %d", length, err, rec.Code, status)
		}
	}
}

func TestAResponseThatHasBegunIsBrokenOff(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter) error{
		"status":  func(w http.ResponseWriter) error { w.WriteHeader(http.StatusOK); return nil },
		"body":    func(w http.ResponseWriter) error { _, err := io.WriteString(w, "part"); return err },
		"copy":    func(w http.ResponseWriter) error { _, err := io.Copy(w, strings.NewReader("part")); return err },
		"a flush": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			core, logged := observer.New(zap.InfoLevel)
			rec := httptest.NewRecorder()
			defer func() {
				if cause, ok := recover().(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
					t.Errorf("recovered %v, want ErrAbortHandler", cause)
				}
				if strings.Contains(rec.Body.String(), "type") {
					t.Errorf("a problem was added to %q", rec.Body)
				}
				if logged.Len() != 1 || !strings.Contains(fmt.Sprint(logged.All()[0].ContextMap()["error"]), "the cause") {
					t.Errorf("logged %v", logged.All())
				}
			}()
			_ = (&Handler{logger: zap.New(core)}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil), caddyhttp.HandlerFunc(
				func(w http.ResponseWriter, _ *http.Request) error {
					return errors.Join(begin(w), errors.New("the cause"))
				}))
		})
	}
}

func TestTheCaddyfilesMistakesAreRefused(t *testing.T) {
	for text, ok := range map[string]bool{
		"gate_problem": true, "gate_problem {\nmax_header 32KiB\n}": true,
		"gate_problem x": false, "gate_problem {\nx\n}": false, "gate_problem {\nmax_header\n}": false,
		"gate_problem {\nmax_header 0\n}": false, "gate_problem {\nmax_header much\n}": false,
		"gate_problem {\nmax_header 1MiB 2MiB\n}": false, "gate_problem {\nmax_header 1MiB\nmax_header 1MiB\n}": false,
	} {
		err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(text))
		if (err == nil) != ok {
			t.Errorf("%q: err = %v", text, err)
		}
	}
}
