package logformat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/zapcore"

	"github.com/odordiff/odordiff/internal/redact"
)

// fields redacts what is added to an object. It is also the object's marshaler,
// and is used again for other objects, so that a line makes no garbage.
type fields struct {
	zapcore.ObjectEncoder

	place
	value zapcore.ObjectMarshaler // what fills the object
}

var objects = sync.Pool{New: func() any { return new(fields) }}

// AddString adds a text.
func (f *fields) AddString(key, value string) { f.ObjectEncoder.AddString(key, f.text(key, value)) }

// AddByteString adds a text.
func (f *fields) AddByteString(key string, value []byte) { f.AddString(key, string(value)) }

// AddObject adds an object, redacted.
func (f *fields) AddObject(key string, value zapcore.ObjectMarshaler) error {
	object := objects.Get().(*fields)
	object.header, object.value = f.header || isHeader(key), value
	err := f.ObjectEncoder.AddObject(key, object)
	object.free()
	return err
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (f *fields) MarshalLogObject(encoder zapcore.ObjectEncoder) error {
	f.ObjectEncoder = encoder
	if f.header {
		switch value := f.value.(type) {
		case caddyhttp.LoggableHTTPHeader:
			return f.addHeader(value.Header)
		case *caddyhttp.LoggableHTTPHeader:
			return f.addHeader(value.Header)
		}
	}
	return f.value.MarshalLogObject(f)
}

// addHeader adds header fields as Caddy's marshaler does, without a copy of
// each. Credentials need no rule of their own here: they are not shown.
func (f *fields) addHeader(header http.Header) error {
	for name, values := range header {
		array := arrays.Get().(*elements)
		array.strings = values
		err := f.addArray(name, &array.strings, array)
		array.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// AddArray adds an array, redacted.
func (f *fields) AddArray(key string, value zapcore.ArrayMarshaler) error {
	array := arrays.Get().(*elements)
	err := f.addArray(key, value, array)
	array.free()
	return err
}

func (f *fields) addArray(key string, value zapcore.ArrayMarshaler, array *elements) error {
	array.rule, array.value = f.rule(key), value
	if array.rule == hide {
		array.value = hidden{}
	}
	return f.ObjectEncoder.AddArray(key, array)
}

// AddReflected adds a value in its JSON form, redacted.
func (f *fields) AddReflected(key string, value any) error {
	if header, ok := value.(http.Header); ok && isHeader(key) {
		return f.AddObject(key, caddyhttp.LoggableHTTPHeader{Header: header})
	}
	plain, err := plainOf(value)
	if err != nil {
		return err
	}
	return f.ObjectEncoder.AddReflected(key, f.reflected(key, plain))
}

func (f *fields) free() {
	*f = fields{}
	objects.Put(f)
}

// elements redacts what is added to an array, like [fields].
type elements struct {
	zapcore.ArrayEncoder

	rule    rule
	value   zapcore.ArrayMarshaler // what fills the array
	strings caddyhttp.LoggableStringArray
}

var arrays = sync.Pool{New: func() any { return new(elements) }}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (e *elements) MarshalLogArray(encoder zapcore.ArrayEncoder) error {
	e.ArrayEncoder = encoder
	return e.value.MarshalLogArray(e)
}

// AppendString adds a text.
func (e *elements) AppendString(value string) { e.ArrayEncoder.AppendString(e.rule.apply(value)) }

// AppendByteString adds a text.
func (e *elements) AppendByteString(value []byte) { e.AppendString(string(value)) }

// AppendObject adds an object, redacted.
func (e *elements) AppendObject(value zapcore.ObjectMarshaler) error {
	object := objects.Get().(*fields)
	object.value = value
	err := e.ArrayEncoder.AppendObject(object)
	object.free()
	return err
}

// AppendArray adds an array, redacted.
func (e *elements) AppendArray(value zapcore.ArrayMarshaler) error {
	array := arrays.Get().(*elements)
	array.rule, array.value = e.rule, value
	err := e.ArrayEncoder.AppendArray(array)
	array.free()
	return err
}

// AppendReflected adds a value in its JSON form, redacted.
func (e *elements) AppendReflected(value any) error {
	plain, err := plainOf(value)
	if err != nil {
		return err
	}
	return e.ArrayEncoder.AppendReflected(place{}.reflected("", plain))
}

func (e *elements) free() {
	*e = elements{}
	arrays.Put(e)
}

// hidden stands for an array that is not shown.
type hidden struct{}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (hidden) MarshalLogArray(encoder zapcore.ArrayEncoder) error {
	encoder.AppendString(redact.Redacted)
	return nil
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
