package logformat

import (
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/zapcore"
)

// request is a request that is bound to a logger. The server binds a copy, and
// the proxy the attempt that it makes, whose header nothing changes any more,
// and Caddy's marshaler renders both alike. The client's address is read at
// once, because Caddy's vars may change.
type request struct {
	*http.Request

	client  string
	located bool // whether Caddy has found the client's address
	header  caddyhttp.LoggableHTTPHeader
}

func requestOf(r caddyhttp.LoggableHTTPRequest) *request {
	client, located := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	return &request{
		Request: r.Request, client: client, located: located,
		header: caddyhttp.LoggableHTTPHeader{Header: r.Header, ShouldLogCredentials: r.ShouldLogCredentials},
	}
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (r *request) MarshalLogObject(encoder zapcore.ObjectEncoder) error {
	ip, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip, port = r.RemoteAddr, ""
	}
	encoder.AddString("remote_ip", ip)
	encoder.AddString("remote_port", port)
	if r.located {
		encoder.AddString("client_ip", r.client)
	}
	encoder.AddString("proto", r.Proto)
	encoder.AddString("method", r.Method)
	encoder.AddString("host", r.Host)
	encoder.AddString("uri", r.RequestURI)
	if err := encoder.AddObject("headers", &r.header); err != nil {
		return err
	}
	if r.TransferEncoding != nil {
		if err := encoder.AddArray("transfer_encoding", caddyhttp.LoggableStringArray(r.TransferEncoding)); err != nil {
			return err
		}
	}
	if r.TLS == nil {
		return nil
	}
	return encoder.AddObject("tls", (*caddyhttp.LoggableTLSConnState)(r.TLS))
}
