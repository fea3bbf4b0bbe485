package logformat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/zapcore"

	"github.com/odordiff/odordiff/internal/redact"
)

// fields redacts what is added to an object.
type fields struct {
	zapcore.ObjectEncoder `json:"-"`

	header bool // whether the keys are the names of header fields
	client bool // whether the values are parts of a client's address
}

// AddString adds a text.
func (f fields) AddString(key, value string) { f.ObjectEncoder.AddString(key, f.text(key, value)) }

// AddByteString adds a text.
func (f fields) AddByteString(key string, value []byte) { f.AddString(key, string(value)) }

// AddObject adds an object, redacted.
func (f fields) AddObject(key string, value zapcore.ObjectMarshaler) error {
	return f.ObjectEncoder.AddObject(key, object{value, f.header || isHeader(key)})
}

// AddArray adds an array, redacted.
func (f fields) AddArray(key string, value zapcore.ArrayMarshaler) error {
	if f.hides(key) {
		value = hidden{}
	}
	return f.ObjectEncoder.AddArray(key, array{value, func(s string) string { return f.text(key, s) }})
}

// AddReflected adds a value in its JSON form, redacted.
func (f fields) AddReflected(key string, value any) error {
	if header, ok := value.(http.Header); ok && isHeader(key) {
		return f.AddObject(key, caddyhttp.LoggableHTTPHeader{Header: header})
	}
	plain, err := plainOf(value)
	if err != nil {
		return err
	}
	return f.ObjectEncoder.AddReflected(key, f.reflected(key, plain))
}

func (f fields) reflected(key string, value any) any {
	switch v := value.(type) {
	case string:
		return f.text(key, v)
	case []any:
		for i := range v {
			v[i] = f.reflected(key, v[i])
		}
	case map[string]any:
		inside := fields{header: f.header || isHeader(key), client: isAddress(key)}
		for name := range v {
			v[name] = inside.reflected(name, v[name])
		}
	}
	return value
}

// plainOf returns the value in its JSON form: maps, slices and scalars.
func plainOf(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("rendering a field: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, fmt.Errorf("rendering a field: %w", err)
	}
	return plain, nil
}

// hides reports whether the key is a header field whose value is not shown.
func (f fields) hides(key string) bool {
	return f.header && !redact.Header(key) && !redact.HeaderURI(key)
}

func (f fields) text(key, value string) string {
	switch {
	case f.hides(key):
		return redact.Redacted
	case f.header && redact.HeaderURI(key), !f.header && isURI(key):
		return redact.URI(value)
	case f.client, !f.header && isAddress(key):
		return redact.Address(value)
	}
	return redact.Text(value)
}

// isHeader reports whether Caddy logs a header under the name.
func isHeader(key string) bool {
	switch key {
	case "headers", "header", "resp_headers", "trailers":
		return true
	}
	return false
}

func isURI(key string) bool {
	switch key {
	case "uri", "url", "request_uri", "location", "referer":
		return true
	}
	return false
}

// isAddress reports whether a client's address is logged under the name.
func isAddress(key string) bool {
	switch key {
	case "remote_ip", "client_ip", "remote_addr", "remote", "client", "RemoteAddr":
		return true
	}
	return false
}

// object redacts the contents of a field's object.
type object struct {
	zapcore.ObjectMarshaler

	header bool
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (o object) MarshalLogObject(encoder zapcore.ObjectEncoder) error {
	return o.ObjectMarshaler.MarshalLogObject(fields{ObjectEncoder: encoder, header: o.header})
}

// array redacts the contents of a field's array.
type array struct {
	zapcore.ArrayMarshaler

	text func(string) string
}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (a array) MarshalLogArray(encoder zapcore.ArrayEncoder) error {
	return a.ArrayMarshaler.MarshalLogArray(elements{encoder, a.text})
}

// hidden stands for an array that is not shown.
type hidden struct{}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (hidden) MarshalLogArray(encoder zapcore.ArrayEncoder) error {
	encoder.AppendString(redact.Redacted)
	return nil
}

// elements redacts what is added to an array.
type elements struct {
	zapcore.ArrayEncoder

	text func(string) string
}

// AppendString adds a text.
func (e elements) AppendString(value string) { e.ArrayEncoder.AppendString(e.text(value)) }

// AppendByteString adds a text.
func (e elements) AppendByteString(value []byte) { e.AppendString(string(value)) }

// AppendObject adds an object, redacted.
func (e elements) AppendObject(value zapcore.ObjectMarshaler) error {
	return e.ArrayEncoder.AppendObject(object{value, false})
}

// AppendArray adds an array, redacted.
func (e elements) AppendArray(value zapcore.ArrayMarshaler) error {
	return e.ArrayEncoder.AppendArray(array{value, e.text})
}

// AppendReflected adds a value in its JSON form, redacted.
func (e elements) AppendReflected(value any) error {
	plain, err := plainOf(value)
	if err != nil {
		return err
	}
	return e.ArrayEncoder.AppendReflected(fields{}.reflected("", plain))
}
