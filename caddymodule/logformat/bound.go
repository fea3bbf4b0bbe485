package logformat

import (
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// bound is the fields that a logger adds to each of its lines. Caddy binds the
// request to a logger for every request, once for each log that is configured,
// although most of these loggers never write a line. Therefore what cannot
// change is kept as it is until there is a line.
type bound struct {
	encoder zapcore.Encoder // holds what could not be kept
	owned   bool            // whether the encoder may be added to
	kept    []zapcore.Field // comes after what the encoder holds
	room    [3]zapcore.Field
}

func newBound(encoder zapcore.Encoder) *bound { return &bound{encoder: encoder} }

// Clone returns a copy that fields can be added to.
func (b *bound) Clone() zapcore.Encoder {
	clone := newBound(b.encoder)
	if b.owned {
		clone.encoder, clone.owned = b.encoder.Clone(), true
	}
	clone.kept = append(clone.room[:0], b.kept...)
	return clone
}

// EncodeEntry redacts the message and the fields, and renders them.
func (b *bound) EncodeEntry(entry zapcore.Entry, added []zapcore.Field) (*buffer.Buffer, error) {
	l := lines.Get().(*line)
	defer l.free()
	l.bound, l.added = b.kept, added
	l.inline[0] = zap.Inline(l)
	entry.Message = sift.apply(entry.Message)
	return b.encoder.EncodeEntry(entry, l.inline[:])
}

// line adds the fields of one line to the encoder that renders it.
type line struct {
	fields

	bound, added []zapcore.Field
	inline       [1]zapcore.Field // the line itself
}

var lines = sync.Pool{New: func() any { return new(line) }}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (l *line) MarshalLogObject(encoder zapcore.ObjectEncoder) error {
	l.ObjectEncoder = encoder
	for _, field := range l.bound {
		field.AddTo(&l.fields)
	}
	for _, field := range l.added {
		field.AddTo(&l.fields)
	}
	l.addIDs()
	return nil
}

// addIDs adds the ids of the request that the line is about, and of its trace,
// unless they are there.
func (l *line) addIDs() {
	var about *http.Request
	identified, traced := false, false
	for _, fields := range [...][]zapcore.Field{l.bound, l.added} {
		for _, field := range fields {
			identified = identified || field.Key == "request_id"
			traced = traced || field.Key == "trace_id"
			switch value := field.Interface.(type) {
			case *request:
				about = value.Request
			case caddyhttp.LoggableHTTPRequest:
				about = value.Request
			}
		}
	}
	if about == nil {
		return
	}
	if repl, ok := about.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok && !identified {
		if id, _ := repl.GetString("http.request.uuid"); id != "" {
			l.fields.AddString("request_id", id)
		}
	}
	if trace, _ := caddyhttp.GetVar(about.Context(), "trace_id").(string); trace != "" && !traced {
		l.fields.AddString("trace_id", trace)
	}
}

func (l *line) free() {
	*l = line{}
	lines.Put(l)
}

// keep keeps a field that cannot change.
func (b *bound) keep(field zapcore.Field) { b.kept = append(b.kept, field) }

// encode returns where a field is encoded that may change later.
func (b *bound) encode() *fields {
	if !b.owned {
		b.encoder, b.owned = b.encoder.Clone(), true
	}
	into := &fields{ObjectEncoder: b.encoder}
	for _, field := range b.kept {
		field.AddTo(into)
	}
	b.kept = nil
	return into
}

// AddObject keeps a request, and encodes any other object.
func (b *bound) AddObject(key string, value zapcore.ObjectMarshaler) error {
	if r, ok := value.(caddyhttp.LoggableHTTPRequest); ok && r.Request != nil {
		b.keep(zap.Object(key, requestOf(r)))
		return nil
	}
	return b.encode().AddObject(key, value)
}

// AddArray encodes an array.
func (b *bound) AddArray(key string, value zapcore.ArrayMarshaler) error {
	return b.encode().AddArray(key, value)
}

// AddReflected encodes a value.
func (b *bound) AddReflected(key string, value any) error { return b.encode().AddReflected(key, value) }

// AddBinary encodes bytes.
func (b *bound) AddBinary(key string, value []byte) { b.encode().AddBinary(key, value) }

// AddByteString keeps a text.
func (b *bound) AddByteString(key string, value []byte) { b.AddString(key, string(value)) }

// AddString keeps a text.
func (b *bound) AddString(key, value string) { b.keep(zap.String(key, value)) }

// AddBool keeps a truth value.
func (b *bound) AddBool(key string, value bool) { b.keep(zap.Bool(key, value)) }

// AddDuration keeps a duration.
func (b *bound) AddDuration(key string, value time.Duration) { b.keep(zap.Duration(key, value)) }

// AddTime keeps a time.
func (b *bound) AddTime(key string, value time.Time) { b.keep(zap.Time(key, value)) }

// AddComplex128 keeps a number.
func (b *bound) AddComplex128(key string, value complex128) { b.keep(zap.Complex128(key, value)) }

// AddComplex64 keeps a number.
func (b *bound) AddComplex64(key string, value complex64) { b.keep(zap.Complex64(key, value)) }

// AddFloat64 keeps a number.
func (b *bound) AddFloat64(key string, value float64) { b.keep(zap.Float64(key, value)) }

// AddFloat32 keeps a number.
func (b *bound) AddFloat32(key string, value float32) { b.keep(zap.Float32(key, value)) }

// AddInt keeps a number.
func (b *bound) AddInt(key string, value int) { b.keep(zap.Int(key, value)) }

// AddInt64 keeps a number.
func (b *bound) AddInt64(key string, value int64) { b.keep(zap.Int64(key, value)) }

// AddInt32 keeps a number.
func (b *bound) AddInt32(key string, value int32) { b.keep(zap.Int32(key, value)) }

// AddInt16 keeps a number.
func (b *bound) AddInt16(key string, value int16) { b.keep(zap.Int16(key, value)) }

// AddInt8 keeps a number.
func (b *bound) AddInt8(key string, value int8) { b.keep(zap.Int8(key, value)) }

// AddUint keeps a number.
func (b *bound) AddUint(key string, value uint) { b.keep(zap.Uint(key, value)) }

// AddUint64 keeps a number.
func (b *bound) AddUint64(key string, value uint64) { b.keep(zap.Uint64(key, value)) }

// AddUint32 keeps a number.
func (b *bound) AddUint32(key string, value uint32) { b.keep(zap.Uint32(key, value)) }

// AddUint16 keeps a number.
func (b *bound) AddUint16(key string, value uint16) { b.keep(zap.Uint16(key, value)) }

// AddUint8 keeps a number.
func (b *bound) AddUint8(key string, value uint8) { b.keep(zap.Uint8(key, value)) }

// AddUintptr keeps a number.
func (b *bound) AddUintptr(key string, value uintptr) { b.keep(zap.Uintptr(key, value)) }

// OpenNamespace keeps the beginning of a namespace.
func (b *bound) OpenNamespace(key string) { b.keep(zap.Namespace(key)) }
