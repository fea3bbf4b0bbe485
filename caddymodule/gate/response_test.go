package gate_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	_ "github.com/odordiff/odordiff/caddymodule/fallback" // gate_fallback
	"github.com/odordiff/odordiff/caddymodule/gate"
	_ "github.com/odordiff/odordiff/caddymodule/problem" // gate_problem
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(author{})
	httpcaddyfile.RegisterHandlerDirective("test_author", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return &author{Does: h.RemainingArgs()}, nil
	})
}

// author is a gate handler as the author of a module writes one. It does what its
// arguments say, and always listens for the outcome.
type author struct {
	Does []string `json:"does,omitempty"`

	entrance gate.Entrance
}

// outcomes gets what the handlers named listen are told.
var outcomes = make(chan exchange.Outcome, 100)

func (author) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_author", New: func() caddy.Module { return new(author) }}
}

func (a *author) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	a.entrance = app.Entrance(ctx)
	return nil
}

func (a *author) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return a.entrance.Enter(w, r, next, a)
}

func (a *author) does(what string) bool { return slices.Contains(a.Does, what) }

func (a *author) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	if a.does("listen") {
		x.Response.OnOutcome(func(o exchange.Outcome) { outcomes <- o })
	}
	if a.does("set") {
		x.Response.Set("X-At-Last", "ours")
	}
	switch {
	case a.does("refuse"):
		return gate.Refuse(w, r, problem.PolicyDenied.New("for the test"))
	case a.does("fail"):
		return errors.New("for the test")
	case a.does("panic"):
		panic(http.ErrAbortHandler)
	}
	if a.does("watch") {
		w = exchange.Watch(w, &shout{})
	}
	return next.ServeHTTP(w, r)
}

// shout makes a 200 a 203 and shows in a trailer what it saw of the body.
type shout struct {
	header http.Header
	seen   strings.Builder
}

func (s *shout) Begin(head *exchange.Head) exchange.Action {
	if head.Status == http.StatusOK {
		head.Status = http.StatusNonAuthoritativeInfo
	}
	s.header = head.Header
	return exchange.Show
}

func (s *shout) Body(part []byte) {
	s.seen.Write(part)
	s.header.Set(http.TrailerPrefix+"X-Seen", s.seen.String())
}

// told returns the one outcome of a request that is over.
func told(t *testing.T) exchange.Outcome {
	t.Helper()
	o := <-outcomes
	select {
	case second := <-outcomes:
		t.Errorf("told again: %+v", second)
	default:
	}
	return o
}

func get(t *testing.T, e *edgetest.Edge, path string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.Client.Do(req)
	if err != nil {
		return &http.Response{}, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func TestARefusalHasOneOutcomeWhoeverAnswersIt(t *testing.T) {
	for name, test := range map[string]struct {
		routes string
		status int
		body   string
	}{
		"gate_problem in handle_errors":                {"handle_errors {\ngate_problem\n}", 403, "#policy-denied"},
		"another handle_errors":                        {"handle_errors {\nrespond no 418\n}", 418, "no"},
		"no handle_errors":                             {"", 403, ""},
		"a handle_errors that is for other errors":     {"handle_errors 404 {\nrespond no 418\n}", 403, ""},
		"a handle_errors that fails":                   {"handle_errors {\nerror \"no\" 502\n}", 403, ""},
		"a gate handler in handle_errors that refuses": {"handle_errors {\nroute {\ntest_author refuse\n}\n}", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := edgetest.Start(t, "route {\ntest_author listen set\nheader X-At-Last theirs\ntest_author refuse\n}\n"+test.routes)
			res, body := get(t, e, "/")
			o := told(t)
			if res.StatusCode != test.status || !strings.Contains(body, test.body) {
				t.Errorf("answered %d %s", res.StatusCode, body)
			}
			if got := res.Header.Values("X-At-Last"); len(got) != 1 || got[0] != "ours" {
				t.Errorf("X-At-Last: %q", got)
			}
			if o.Status != test.status || o.Bytes != int64(len(body)) || o.Refused != "policy-denied" || o.Cut != exchange.Whole {
				t.Errorf("told %+v of %d bytes", o, len(body))
			}
		})
	}
}

var (
	_ = bufio.NewScanner
	_ = context.Canceled
	_ = fmt.Sprint
	_ = httptest.NewServer
)
