package logformat

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestALineIsWhatItsReadersExpect(t *testing.T) {
	request := caddyhttp.LoggableHTTPRequest{Request: &http.Request{
		RemoteAddr: "[2001:db8:1:2ff::77]:443", Proto: "HTTP/2.0", Method: "GET", Host: "h.example", RequestURI: "/a?b=c&d",
		Header: http.Header{"Referer": {"https://u:p@h.example/?k=v", "/x#y"}}, TransferEncoding: []string{"chunked"},
	}}
	for name, line := range map[string]struct {
		bound, added []zapcore.Field
		want         string
	}{
		"an access line": {
			bound: []zapcore.Field{zap.Object("request", request)},
			added: []zapcore.Field{
				zap.Int("bytes_read", 3), zap.String("user_id", "dev"), zap.Duration("duration", time.Millisecond),
				zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: http.Header{"Set-Cookie": {"a=b", "c=d"}}}),
			},
			want: `"request":{"remote_ip":"2001:db8:1:200::","remote_port":"443","proto":"HTTP/2.0","method":"GET","host":"h.example",` +
				`"uri":"/a?b=REDACTED&REDACTED","headers":{"Referer":["https://REDACTED@h.example/?k=REDACTED","/x"]},` +
				`"transfer_encoding":["chunked"]},"bytes_read":3,"user_id":"dev","duration":0.001,"resp_headers":{"Set-Cookie":["REDACTED"]}`,
		},
		"values of every kind": {
			bound: []zapcore.Field{zap.String("upstream", "10.0.0.5:8090"), zap.Strings("x", []string{"/?k=v", "\xff\"\n"}), zap.Float32("f", 0.1)},
			added: []zapcore.Field{
				zap.Any("headers", map[string]any{"Location": "/?k=v", "X-Key": []any{"s", 1}}), zap.ByteString("client_ip", []byte("192.0.2.4")),
				zap.Error(errors.New("read tcp 10.0.0.1:8443->192.0.2.4:5: EOF")), zap.Binary("raw", []byte{1}), zap.Namespace("n"), zap.Bool("b", true),
			},
			want: `"upstream":"10.0.0.5:8090","x":["/?k=REDACTED","\ufffd\"\n"],"f":0.1,"headers":{"Location":"/?k=REDACTED","X-Key":["REDACTED",1]},` +
				`"client_ip":"192.0.2.0","error":"read tcp 10.0.0.1:8443->192.0.2.0:5: EOF","raw":"AQ==","n":{"b":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			logger, out := newLogger(t, "gate")
			if err := logger.Core().With(line.bound).Write(zapcore.Entry{Message: "got /?k=v"}, line.added); err != nil {
				t.Fatal(err)
			}
			if want := `{"level":"info","msg":"got /?k=REDACTED",` + line.want + "}\n"; out.String() != want {
				t.Errorf("got  %swant %s", out, want)
			}
		})
	}
}
