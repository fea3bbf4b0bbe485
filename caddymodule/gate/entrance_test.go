package gate

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

// incoming is a request as Caddy's server hands it on.
func incoming(t *testing.T, method string, header http.Header) *http.Request {
	t.Helper()
	ctx := context.WithValue(t.Context(), caddyhttp.VarsCtxKey, map[string]any{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Method = method
	if header != nil {
		r.Header = header
	}
	return r
}

func TestWhatConnectionNamesEndsAtTheEntrance(t *testing.T) {
	for name, test := range map[string]struct{ header, want http.Header }{
		"nothing named": {http.Header{"X-A": {"1"}}, http.Header{"X-A": {"1"}}},
		"only options of the connection": {
			http.Header{"Connection": {"Keep-Alive", "Upgrade"}, "Upgrade": {"websocket"}},
			http.Header{"Connection": {"Keep-Alive", "Upgrade"}, "Upgrade": {"websocket"}},
		},
		"fields among options": {
			http.Header{"Connection": {"close,x-a", " X-B\t, upgrade"}, "X-A": {"1", "2"}, "X-B": {"1"}, "X-C": {"1"}},
			http.Header{"Connection": {"close, upgrade"}, "X-C": {"1"}},
		},
		"fields alone": {http.Header{"Connection": {"X-A"}, "X-A": {"1"}}, http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := incoming(t, http.MethodGet, test.header)
			ExchangeOf(r)
			if diff := cmp.Diff(test.want, r.Header); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTrailersEndAtTheEntrance(t *testing.T) {
	r := incoming(t, http.MethodPost, nil)
	r.Trailer = http.Header{"X-Safety": {"off"}}
	if ExchangeOf(r); len(r.Trailer) != 0 {
		t.Errorf("trailer %q", r.Trailer)
	}
}

func TestOnlyNamedProtocolsAreChangedTo(t *testing.T) {
	websocket := &App{Upgrade: []string{"websocket"}}
	for name, test := range map[string]struct {
		app    *App
		method string
		proto  string
		header http.Header
		want   *problem.Kind
	}{
		"none asked":                    {new(App), "GET", "HTTP/1.1", http.Header{"Connection": {"keep-alive"}}, nil},
		"without the connection option": {new(App), "GET", "HTTP/1.1", http.Header{"Upgrade": {"h2c"}}, nil},
		"h2c":                           {websocket, "GET", "HTTP/1.1", http.Header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}}, problem.UpgradeRefused},
		"websocket":                     {new(App), "GET", "HTTP/1.1", http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"}}, problem.UpgradeRefused},
		"websocket, named":              {websocket, "GET", "HTTP/1.1", http.Header{"Connection": {"upgrade"}, "Upgrade": {"WebSocket"}}, nil},
		"h2c behind websocket":          {websocket, "GET", "HTTP/1.1", http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket, h2c"}}, problem.UpgradeRefused},
		"h2c in a second field":         {websocket, "GET", "HTTP/1.1", http.Header{"Connection": {"x", "Upgrade"}, "Upgrade": {"websocket", "h2c"}}, problem.UpgradeRefused},
		"CONNECT":                       {websocket, "CONNECT", "HTTP/1.1", nil, problem.UpgradeRefused},
		"extended CONNECT, HTTP/2":      {new(App), "CONNECT", "HTTP/2.0", http.Header{":protocol": {"websocket"}}, problem.UpgradeRefused},
		"named, HTTP/2":                 {websocket, "CONNECT", "HTTP/2.0", http.Header{":protocol": {"websocket"}}, nil},
		"extended CONNECT, HTTP/3":      {websocket, "CONNECT", "connect-udp", nil, problem.UpgradeRefused},
		"named, HTTP/3":                 {websocket, "CONNECT", "websocket", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := incoming(t, test.method, test.header)
			r.Proto, r.ProtoMajor = test.proto, 3
			if major, _, ok := http.ParseHTTPVersion(test.proto); ok {
				r.ProtoMajor = major
			}
			wantKind(t, enter(test.app, r), test.want)
		})
	}
}

func TestEarlyDataMayOnlyAskToLook(t *testing.T) {
	early, complete := &tls.ConnectionState{}, &tls.ConnectionState{HandshakeComplete: true}
	forwarded := http.Header{"Early-Data": {"1"}}
	for name, test := range map[string]struct {
		method string
		tls    *tls.ConnectionState
		header http.Header
		want   *problem.Kind
	}{
		"GET":                  {http.MethodGet, early, nil, nil},
		"HEAD":                 {http.MethodHead, early, nil, nil},
		"POST":                 {http.MethodPost, early, nil, problem.TooEarly},
		"DELETE":               {http.MethodDelete, early, nil, problem.TooEarly},
		"a method of its own":  {"PURGE", early, nil, problem.TooEarly},
		"after the handshake":  {http.MethodPost, complete, nil, nil},
		"in clear text":        {http.MethodPost, nil, nil, nil},
		"at a proxy before us": {http.MethodPost, nil, forwarded, problem.TooEarly},
	} {
		t.Run(name, func(t *testing.T) {
			r := incoming(t, test.method, test.header)
			r.TLS = test.tls
			wantKind(t, enter(new(App), r), test.want)
		})
	}
}

// enter sends a request through the entrance of a handler that refuses nothing.
func enter(app *App, r *http.Request) error {
	return Entrance{guard: app}.Enter(httptest.NewRecorder(), r, nil, welcome{})
}

// welcome is a handler that lets everything pass.
type welcome struct{}

func (welcome) Serve(http.ResponseWriter, *http.Request, *exchange.Exchange, caddyhttp.Handler) error {
	return nil
}

func wantKind(t *testing.T, err error, want *problem.Kind) {
	t.Helper()
	refusal, refused := errors.AsType[*problem.Problem](err)
	switch {
	case want == nil && err != nil:
		t.Errorf("refused: %v", err)
	case want != nil && (!refused || refusal.Kind != want):
		t.Errorf("err = %v, want %s", err, want.Name)
	}
}
