package logformat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"pgregory.net/rapid"
)

// newLogger returns a logger in the format that the Caddyfile segment says,
// and what it writes.
func newLogger(t *testing.T, segment string) (*zap.Logger, *bytes.Buffer) {
	t.Helper()
	parsed := new(Encoder)
	if err := parsed.UnmarshalCaddyfile(caddyfile.NewTestDispenser(segment)); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	encoder := new(Encoder)
	if err := caddy.StrictUnmarshalJSON(text, encoder); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	t.Cleanup(cancel)
	if err := encoder.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel)), &out
}

const secret = "s3cr3t-value"

func secretRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/path?api_key="+secret+"&x=1", nil)
	r.RemoteAddr = "203.0.113.77:51234"
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie", "Signature", "X-Own-Token", "X-Forwarded-For"} {
		r.Header.Set(name, secret)
	}
	r.Header.Set("Referer", "https://h.example/?sig="+secret)
	r.Header.Set("User-Agent", "curl/8")
	return r
}

type hello struct{ RemoteAddr net.Addr }

type nested struct{ Inner map[string]any }

func TestNothingThatIsLoggedHoldsASecret(t *testing.T) {
	request := zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: secretRequest(), ShouldLogCredentials: true})
	for name, write := range map[string]func(*zap.Logger){
		"an access line": func(l *zap.Logger) { l.Info("handled request", request) },
		"a bound field":  func(l *zap.Logger) { l.With(request).Info("aborting with incomplete response") },
		"a lazy one":     func(l *zap.Logger) { l.WithLazy(request).Info("") },
		"an inline one": func(l *zap.Logger) {
			l.Info("", zap.Inline(caddyhttp.LoggableHTTPRequest{Request: secretRequest(), ShouldLogCredentials: true}))
		},
		"a response": func(l *zap.Logger) {
			l.Info("", zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: http.Header{"Set-Cookie": {"a=" + secret}, "Location": {"/?t=" + secret}}, ShouldLogCredentials: true}))
		},
		"a reflected header": func(l *zap.Logger) { l.Info("", zap.Reflect("headers", secretRequest().Header)) },
		"a reflected value": func(l *zap.Logger) {
			l.Info("", zap.Reflect("x", nested{map[string]any{"uri": "/?k=" + secret, "list": []any{"/?k=" + secret}}}))
		},
		"an error":   func(l *zap.Logger) { l.Info("", zap.Error(errors.New(`Get "http://h/?k=`+secret+`": EOF`))) },
		"a message":  func(l *zap.Logger) { l.Info("got http://h/?k=" + secret) },
		"strings":    func(l *zap.Logger) { l.Info("", zap.Strings("x", []string{"/?k=" + secret})) },
		"bytes":      func(l *zap.Logger) { l.Info("", zap.ByteString("x", []byte("/?k="+secret))) },
		"an address": func(l *zap.Logger) { l.Info("", zap.String("remote_addr", "203.0.113.77:51234")) },
		"an event": func(l *zap.Logger) {
			l.Debug("event", zap.Any("data", map[string]any{"client_hello": hello{&net.TCPAddr{IP: net.IPv4(203, 0, 113, 77), Port: 1}}}))
		},
		"a handshake": func(l *zap.Logger) { l.Debug("http: TLS handshake error from 203.0.113.77:51234: EOF") },
		"a peer": func(l *zap.Logger) {
			l.Warn("", zap.Error(errors.New("write tcp 10.0.0.1:8443->203.0.113.77:51234: broken pipe")))
		},
	} {
		for _, segment := range []string{"gate", "gate {\nwrap console\n}"} {
			t.Run(name+" as "+segment, func(t *testing.T) {
				logger, out := newLogger(t, segment)
				write(logger)
				if out.Len() == 0 {
					t.Fatal("nothing was logged")
				}
				for _, never := range []string{secret, "203.0.113.77"} {
					if strings.Contains(out.String(), never) {
						t.Errorf("%s is in %s", never, out)
					}
				}
			})
		}
	}
}

// secretFields are fields with a secret, in each way that the credentials, the
// query and the client of a request reach a log.
func secretFields(t *rapid.T) []zapcore.Field {
	name := rapid.StringMatching(`[A-Z][a-z]{0,8}(-[A-Z][a-z]{1,8}){0,2}`).Draw(t, "name")
	r := httptest.NewRequest(http.MethodGet, "/p?"+strings.ToLower(name)+"="+secret, nil)
	r.RemoteAddr = rapid.SampledFrom([]string{"203.0.113.77:51234", "203.0.113.77", "[2001:db8:1:2ff::77]:443"}).Draw(t, "peer")
	host, _, _ := strings.Cut(r.RemoteAddr, ":5")
	r = r.WithContext(context.WithValue(r.Context(), caddyhttp.VarsCtxKey, map[string]any{caddyhttp.ClientIPVarKey: host}))
	r.Header = http.Header{
		"Authorization": {"Bearer " + secret, secret}, "Cookie": {"a=" + secret}, "X-" + name: {secret},
		"Referer": {"https://me:" + secret + "@h.example/?k=" + secret}, "User-Agent": {"curl/8 (/?k=" + secret + ")"},
	}
	loggable := caddyhttp.LoggableHTTPRequest{Request: r, ShouldLogCredentials: rapid.Bool().Draw(t, "credentials")}
	header := caddyhttp.LoggableHTTPHeader{Header: r.Header, ShouldLogCredentials: true}
	fields := []zapcore.Field{
		zap.Object("request", loggable), zap.Inline(loggable), zap.Object("headers", header), zap.Object("resp_headers", &header),
		zap.Dict("outer", zap.Object("request", loggable)), zap.Objects("list", []caddyhttp.LoggableHTTPRequest{loggable}),
		zap.Reflect("headers", r.Header), zap.Any("x", map[string]any{"headers": r.Header, "uri": r.RequestURI, "remote": r.RemoteAddr}),
		zap.String("uri", r.RequestURI+"&"+secret), zap.ByteString("url", []byte(r.RequestURI)), zap.Strings("x", []string{r.RequestURI}),
		zap.Error(errors.New("read tcp 10.0.0.1:8443->" + r.RemoteAddr + `: Get "http://h` + r.RequestURI + `"`)), zap.String("remote_addr", r.RemoteAddr),
		zap.Stringer("uri", r.URL), zap.String("client_ip", host), zap.Namespace("headers"), zap.Int("status", 200),
	}
	return rapid.SliceOfN(rapid.SampledFrom(fields), 0, 6).Draw(t, "fields")
}

func TestNoSecretOfARequestIsLoggedWhateverTheFields(t *testing.T) {
	for _, segment := range []string{"gate", "gate {\nwrap console\n}", "gate {\nwrap filter\n}"} {
		t.Run(segment, func(t *testing.T) {
			logger, out := newLogger(t, segment)
			rapid.Check(t, func(t *rapid.T) {
				out.Reset()
				bound := logger.With(secretFields(t)...).WithLazy(secretFields(t)...)
				bound.With(secretFields(t)...).Info("from 203.0.113.77: /?k="+secret, secretFields(t)...)
				for _, never := range []string{secret, "203.0.113.77", "::77"} {
					if strings.Contains(out.String(), never) {
						t.Fatalf("%s is in %s", never, out)
					}
				}
			})
		})
	}
}

func TestWhatAnOperatorNeedsIsLogged(t *testing.T) {
	logger, out := newLogger(t, "gate")
	logger.Info("handled request", zap.Int("status", 401), zap.String("upstream", "10.0.0.5:8090"),
		zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: secretRequest()}))
	var line struct {
		Msg      string
		Status   int
		Upstream string
		Request  struct {
			RemoteIP string `json:"remote_ip"`
			URI      string
			Headers  map[string][]string
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if line.Msg != "handled request" || line.Status != 401 || line.Upstream != "10.0.0.5:8090" {
		t.Errorf("line %s", out)
	}
	if line.Request.RemoteIP != "203.0.113.0" || line.Request.URI != "/path?api_key=REDACTED&x=REDACTED" {
		t.Errorf("request %+v", line.Request)
	}
	if h := line.Request.Headers; h["User-Agent"][0] != "curl/8" || h["X-Own-Token"][0] != "REDACTED" {
		t.Errorf("headers %v", h)
	}
}

func TestMistakesInTheCaddyfileAreNamed(t *testing.T) {
	for segment, want := range map[string]string{
		"gate x":                             "argument",
		"gate {\nmask 24\n}":                 `unknown option "mask"`,
		"gate {\nwrap\n}":                    "wrap: its value is missing",
		"gate {\nwrap json\nwrap console\n}": "twice",
		"gate {\nwrap nonsense\n}":           "nonsense",
	} {
		err := new(Encoder).UnmarshalCaddyfile(caddyfile.NewTestDispenser(segment))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: err = %v, want one that says %q", segment, err, want)
		}
	}
}

func BenchmarkAnAccessLine(b *testing.B) {
	encoder := new(Encoder)
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	if err := encoder.Provision(ctx); err != nil {
		b.Fatal(err)
	}
	r := secretRequest()
	b.ReportAllocs()
	for b.Loop() {
		line, err := encoder.EncodeEntry(zapcore.Entry{Message: "handled request"}, []zapcore.Field{
			zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: r}), zap.Int("status", 200),
		})
		if err != nil {
			b.Fatal(err)
		}
		line.Free()
	}
}
