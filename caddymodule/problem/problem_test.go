package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
			core, logged := observer.New(zap.InfoLevel)
			if err := (&Handler{zap.New(core)}).ServeHTTP(rec, r, nil); err != nil {
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
			if ours := c.status >= 500; ours != (logged.Len() == 1) {
				t.Errorf("%d lines logged for a %d", logged.Len(), c.status)
			} else if ours && !strings.Contains(fmt.Sprint(logged.All()[0].ContextMap()["error"]), "secret") {
				t.Errorf("the log lacks the cause: %v", logged.All()[0].ContextMap())
			}
		})
	}
}

func TestOutsideOfHandleErrorsThereIsNothing(t *testing.T) {
	err := new(Handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), nil)
	if p := (*problem.Problem)(nil); !errors.As(err, &p) || p.Kind != problem.NotFound {
		t.Errorf("err = %v, want not-found", err)
	}
}

func TestCaddyfileTakesNoOptions(t *testing.T) {
	for text, ok := range map[string]bool{"gate_problem": true, "gate_problem x": false, "gate_problem {\nx\n}": false} {
		err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(text))
		if (err == nil) != ok {
			t.Errorf("%q: err = %v", text, err)
		}
	}
}
