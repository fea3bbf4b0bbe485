// Package logformat has the log format gate: JSON, or another format, without
// credentials, values of queries and full client addresses. Package redact says
// what is removed.
package logformat

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

func init() {
	caddy.RegisterModule(Encoder{})
}

// Encoder redacts every entry of a log before another format renders it. It
// does not depend on loggers or routes, so it suits every log:
//
//   - of header fields, of requests and responses, only the values of those
//     that are known to be harmless are kept;
//   - of a URI, the path and the names of the query's parameters are kept;
//   - in messages and errors, credentials and values of queries are removed;
//   - the address of a client is masked: the first 24 bits of IPv4 and 56 of
//     IPv6 are kept, also where a message of the HTTP server names it.
//
// A line that is about a request has its id as request_id, and that of its
// trace, if there is one, as trace_id.
//
// Caddy's own format `filter` changes fields that are named one by one, and no
// messages.
type Encoder struct {
	// The format that renders the redacted entry. It must render objects when it
	// gets them, as Caddy's own formats do, and keep none. Default: json, or
	// console if the log goes to a terminal.
	WrappedRaw json.RawMessage `json:"wrap,omitempty" caddy:"namespace=caddy.logging.encoders inline_key=format"`

	*bound
	isDefault bool
	ctx       caddy.Context
}

// CaddyModule returns the Caddy module information.
func (Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.gate",
		New: func() caddy.Module { return new(Encoder) },
	}
}

// Provision sets up the format that renders.
func (e *Encoder) Provision(ctx caddy.Context) error {
	e.ctx = ctx
	if e.WrappedRaw != nil {
		module, err := ctx.LoadModule(e, "WrappedRaw")
		if err != nil {
			return fmt.Errorf("wrap: %w", err)
		}
		e.bound = newBound(module.(zapcore.Encoder))
		return nil
	}
	e.isDefault = true
	inner := new(logging.JSONEncoder)
	if err := inner.Provision(ctx); err != nil {
		return fmt.Errorf("setting up the JSON format: %w", err)
	}
	e.bound = newBound(inner)
	return nil
}

// ConfigureDefaultFormat chooses the console format if the log goes to a
// terminal and no format is configured.
func (e *Encoder) ConfigureDefaultFormat(writer caddy.WriterOpener) error {
	if !e.isDefault {
		if inner, ok := e.encoder.(caddy.ConfiguresFormatterDefault); ok {
			return inner.ConfigureDefaultFormat(writer)
		}
		return nil
	}
	if !caddy.IsWriterStandardStream(writer) || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	inner := new(logging.ConsoleEncoder)
	if err := inner.Provision(e.ctx); err != nil {
		return fmt.Errorf("setting up the console format: %w", err)
	}
	e.bound = newBound(inner)
	return nil
}

// Options returns the options of the format gate.
func (e *Encoder) Options() option.Table {
	return option.Table{Name: "gate", Options: []*option.Option{
		option.Module("wrap", &e.WrappedRaw, "caddy.logging.encoders", "format").Example("console").
			DefaultMeans("json, or console where the log goes to a terminal"),
	}}
}

// UnmarshalCaddyfile parses the format.
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return e.Options().Unmarshal(d) }

// Interface guards
var (
	_ caddy.Provisioner                = (*Encoder)(nil)
	_ caddy.ConfiguresFormatterDefault = (*Encoder)(nil)
	_ caddyfile.Unmarshaler            = (*Encoder)(nil)
	_ zapcore.Encoder                  = (*Encoder)(nil)
)
