package logformat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"pgregory.net/rapid"
)

// hostile are parts of texts that a rule may misread.
var hostile = []string{
	"a", "=", "&", ";", "#", "?", "/", "://", "@", "user:pw", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "Bearer abcdefghijklmnop1234",
	" from ", "203.0.113.77", "->", "[2001:db8::1]:443", "client ", "\x00", "\xff", "é", "\u2028", `"`, `\`, "\n", "::ffff:192.0.2.4",
}

// names are those of fields that have a rule, and others.
var names = []string{
	"headers", "resp_headers", "uri", "location", "remote_ip", "client", "request", "x", "", "\xff\"",
	"User-Agent", "Authorization", "Referer", "content-type", "Set-Cookie", "X-Key",
}

func anyText() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(hostile), 0, 6), func(parts []string) string { return strings.Join(parts, "") })
}

func anyName() *rapid.Generator[string] { return rapid.SampledFrom(names) }

// anyHeader has at most one field, because a map has no order.
func anyHeader() *rapid.Generator[http.Header] {
	return rapid.Map(rapid.MapOfN(anyName(), rapid.SliceOfN(anyText(), 0, 3), 0, 1),
		func(fields map[string][]string) http.Header { return fields })
}

func anyRequest() *rapid.Generator[caddyhttp.LoggableHTTPRequest] {
	return rapid.Custom(func(t *rapid.T) caddyhttp.LoggableHTTPRequest {
		ctx := context.Background()
		if rapid.Bool().Draw(t, "located") {
			ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{caddyhttp.ClientIPVarKey: anyText().Draw(t, "client")})
		}
		r := (&http.Request{
			Method: anyText().Draw(t, "method"), Proto: "HTTP/1.1", Host: anyText().Draw(t, "host"),
			RequestURI: anyText().Draw(t, "uri"), RemoteAddr: anyText().Draw(t, "peer"), Header: anyHeader().Draw(t, "header"),
		}).WithContext(ctx)
		if rapid.Bool().Draw(t, "chunked") {
			r.TransferEncoding = []string{"chunked"}
		}
		if rapid.Bool().Draw(t, "secure") {
			r.TLS = &tls.ConnectionState{ServerName: anyText().Draw(t, "server"), PeerCertificates: []*x509.Certificate{{SerialNumber: big.NewInt(7)}}}
		}
		return caddyhttp.LoggableHTTPRequest{Request: r, ShouldLogCredentials: rapid.Bool().Draw(t, "credentials")}
	})
}

func anyField(depth int) *rapid.Generator[zapcore.Field] {
	return rapid.Custom(func(t *rapid.T) zapcore.Field {
		name, text := anyName().Draw(t, "name"), anyText().Draw(t, "text")
		fields := []zapcore.Field{
			zap.String(name, text), zap.ByteString(name, []byte(text)), zap.Binary(name, []byte(text)), zap.Strings(name, []string{text, "a"}),
			zap.Error(errors.New(text)), zap.Errors(name, []error{errors.New(text)}), zap.Any(name, map[string]any{"uri": text, "headers": []any{text}}),
			zap.Int(name, -1), zap.Uint8(name, 255), zap.Float32(name, 0.1), zap.Complex128(name, complex(1, -2)), zap.Bool(name, true),
			zap.Duration(name, time.Second), zap.Time(name, time.Unix(1, 2)), zap.Time(name, time.Time{}), zap.Namespace(name), zap.Skip(),
			zap.Object(name, anyRequest().Draw(t, "request")), zap.Inline(anyRequest().Draw(t, "inline")),
			zap.Object(name, caddyhttp.LoggableHTTPHeader{Header: anyHeader().Draw(t, "header")}), zap.Reflect(name, anyHeader().Draw(t, "reflected")),
			zap.Reflect(name, func() {}), // has no JSON form
		}
		if depth > 0 {
			fields = append(fields, zap.Dict(name, rapid.SliceOfN(anyField(depth-1), 0, 3).Draw(t, "within")...))
		}
		return rapid.SampledFrom(fields).Draw(t, "field")
	})
}

// A logger keeps a request, and Caddy's own marshaler renders one that is
// logged at once, so this also holds the two to each other.
func TestWhatIsBoundToALoggerIsRenderedLikeWhatIsLogged(t *testing.T) {
	for _, segment := range []string{"gate", "gate {\nwrap console\n}"} {
		t.Run(segment, func(t *testing.T) {
			logger, out := newLogger(t, segment)
			rapid.Check(t, func(t *rapid.T) {
				bound, added := rapid.SliceOfN(anyField(2), 0, 5).Draw(t, "bound"), rapid.SliceOfN(anyField(2), 0, 3).Draw(t, "added")
				split := rapid.IntRange(0, len(bound)).Draw(t, "split")
				entry := zapcore.Entry{Message: anyText().Draw(t, "message")}
				write := func(core zapcore.Core, fields []zapcore.Field) string {
					out.Reset()
					if err := core.Write(entry, fields); err != nil {
						t.Fatal(err)
					}
					return out.String()
				}
				want := write(logger.Core(), slices.Concat(bound, added))
				core := logger.Core().With(bound[:split])
				sibling := core.With([]zapcore.Field{zap.String("sibling", "of the next")})
				core = core.With(bound[split:])
				write(sibling, nil)
				for range 2 {
					if got := write(core, added); got != want {
						t.Fatalf("bound:  %slogged: %s", got, want)
					}
				}
			})
		})
	}
}

func TestWhatMayChangeIsRenderedAsItWasWhenItWasBound(t *testing.T) {
	logger, out := newLogger(t, "gate")
	bytes, list, header := []byte("before"), []string{"before"}, http.Header{"Server": {"before"}}
	logger = logger.With(zap.ByteString("b", bytes), zap.Strings("l", list), zap.Object("headers", caddyhttp.LoggableHTTPHeader{Header: header}))
	copy(bytes, "after!")
	list[0], header["Server"][0] = "after", "after"
	logger.Info("")
	if strings.Contains(out.String(), "after") || strings.Count(out.String(), "before") != 3 {
		t.Errorf("line %s", out)
	}
}

func TestALineAboutARequestHasItsIDs(t *testing.T) {
	vars := map[string]any{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
	repl := caddy.NewReplacer()
	repl.Set("http.request.uuid", "id-1")
	ctx := context.WithValue(context.WithValue(t.Context(), caddyhttp.VarsCtxKey, vars), caddy.ReplacerCtxKey, repl)
	about := zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: secretRequest().WithContext(ctx)})
	logger, out := newLogger(t, "gate")
	for name, write := range map[string]func(){
		"bound":  func() { logger.With(about).Error("aborting") },
		"logged": func() { logger.Error("aborting", about) },
		"known": func() {
			logger.With(about).Info("handled", zap.String("request_id", "id-1"), zap.String("trace_id", vars["trace_id"].(string)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			write()
			for _, want := range []string{`"request_id":"id-1"`, `"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`} {
				if strings.Count(out.String(), want) != 1 {
					t.Errorf("%s is not once in %s", want, out)
				}
			}
		})
	}
}
