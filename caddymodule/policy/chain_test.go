package policy

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
)

func init() {
	caddy.RegisterModule(testSender{})
	caddy.RegisterModule(testUpstream{})
}

// testSender is the handler before the policy, as gate_auth is: requests enter
// the gateway here, and get their principal.
type testSender struct{ entrance gate.Entrance }

func (testSender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_policy_sender", New: func() caddy.Module { return new(testSender) }}
}

func (s *testSender) Provision(ctx caddy.Context) error {
	app, err := gate.AppOf(ctx)
	if err == nil {
		s.entrance = app.Entrance(ctx)
	}
	return err
}

func (s *testSender) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return s.entrance.Enter(w, r, next, s)
}

var alice = &exchange.Principal{ID: "alice", Method: "jwt", Scopes: []string{"generate"}}

func (s *testSender) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	x.Principal = alice
	return next.ServeHTTP(w, r)
}

// testUpstream ends a chain: it reads the body and answers.
type testUpstream struct{}

func (testUpstream) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_policy_upstream", New: func() caddy.Module { return new(testUpstream) }}
}

func (testUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// chain returns a server of Caddy with the handlers of the shipped site that
// the policy needs, with the policy or without.
func chain(t testing.TB, policy bool) http.Handler {
	t.Helper()
	handlers := []map[string]any{{"handler": "test_policy_sender"}, {"handler": "test_policy_upstream"}}
	if policy {
		dir, err := filepath.Abs(shippedDir)
		if err != nil {
			t.Fatal(err)
		}
		handlers = []map[string]any{handlers[0], {
			"handler": "gate_policy", "dir": dir, "last_good": off, "timeout": "5s",
			"schemas": []map[string]any{{"route": route + "*", "schema": "schemas/generate.json"}},
			"prompts": []string{"/prompt", "/constraints", "/like", "/scaffold", "/smiles"},
		}, handlers[1]}
	}
	app, err := json.Marshal(map[string]any{"servers": map[string]any{"main": map[string]any{
		"listen": []string{"127.0.0.1:0"}, "automatic_https": map[string]any{"disable": true},
		"routes": []map[string]any{{"handle": handlers}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	config, err := caddy.ProvisionContext(&caddy.Config{Admin: &caddy.AdminConfig{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(config)
	t.Cleanup(cancel)
	loaded, err := ctx.LoadModuleByID("http", app)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.(*caddyhttp.App).Servers["main"]
}

// wishes returns bodies whose prompts have a size, different ones.
func wishes(size int) []string {
	notes := []string{"fresh citrus", "wet cedar", "a little smoke", "green fig", "iris", "salt on skin", "old books", "vetiver"}
	random := rand.New(rand.NewPCG(1, 1))
	bodies := make([]string, 256)
	for i := range bodies {
		var prompt strings.Builder
		for prompt.Len() < size {
			prompt.WriteString(notes[random.IntN(len(notes))] + ", ")
		}
		bodies[i] = fmt.Sprintf(`{"prompt":%q,"num_molecules":4,"seed":%d,"temperature":0.8}`, prompt.String(), i)
	}
	return bodies
}

// sender sends bodies through a chain, one after the other. Its own part of the
// work is the same for every chain.
type sender struct {
	chain  http.Handler
	path   string
	bodies []string
	sent   int
	answer answer
	reader strings.Reader
}

func (s *sender) send(t testing.TB) {
	s.reader.Reset(s.bodies[s.sent%len(s.bodies)])
	s.sent++
	clear(s.answer.header)
	s.answer.status = 0
	r := &http.Request{
		Method: "POST", URL: &url.URL{Path: s.path}, Host: "example.com", RequestURI: s.path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "127.0.0.1:1234",
		Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"test"}, "Accept": {"*/*"}},
		Body:   io.NopCloser(&s.reader), ContentLength: int64(s.reader.Len()),
	}
	s.chain.ServeHTTP(&s.answer, r)
	if s.answer.status != http.StatusOK {
		t.Fatalf("status %d", s.answer.status)
	}
}

// answer is a response of which only the status is kept.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(body []byte) (int, error) { return len(body), nil }

func (a *answer) SetReadDeadline(time.Time) error  { return nil }
func (a *answer) SetWriteDeadline(time.Time) error { return nil }

func newSender(t testing.TB, policy bool, size int) *sender {
	path := route
	if size > 1<<10 {
		path = "/unlimited" // The route's schema takes no longer prompts.
	}
	return &sender{chain: chain(t, policy), path: path, bodies: wishes(size), answer: answer{header: http.Header{}}}
}

// BenchmarkChain measures requests through a handler chain of Caddy, without
// the policy and with it.
func BenchmarkChain(b *testing.B) {
	for _, size := range []int{300, 4 << 10, 64 << 10} {
		for _, policy := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d_B/policy=%t", size, policy), func(b *testing.B) {
				s := newSender(b, policy, size)
				b.ReportAllocs()
				for b.Loop() {
					s.send(b)
				}
			})
		}
	}
}
