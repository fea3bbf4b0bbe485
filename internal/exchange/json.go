package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// MaxDepth is how deeply the arrays and objects of a body may nest.
	MaxDepth = 64
	// MaxValues is how many values a body may have, arrays and objects counted:
	// each costs whoever compares it more than its two bytes of text suggest.
	MaxValues = 100_000
)

// ErrMalformed says that a body is not strict JSON. Errors that wrap it are
// safe to show: they name the place, not the content.
var ErrMalformed = errors.New("not strict JSON")

// document is a parsed body.
type document struct {
	value     any
	canonical []byte
	err       error
}

// JSON returns the body as parsed JSON: nil, bool, [json.Number], string, []any
// or map[string]any. It is strict: duplicate names, bad UTF-8, anything
// after the value, nesting beyond [MaxDepth], more than [MaxValues] values and a
// number that [CheckNumber] refuses give an error that wraps [ErrMalformed]. [Exchange.Body] must have been called. The result is parsed once; it must
// not be changed.
func (x *Exchange) JSON() (any, error) {
	doc := x.document()
	return doc.value, doc.err
}

// Canonical returns the body in RFC 8785 form: two bodies that say the same
// have the same canonical bytes. Unlike RFC 8785, integers keep all their
// digits, so that two large seeds never fall together. The errors are those of
// [Exchange.JSON].
func (x *Exchange) Canonical() ([]byte, error) {
	doc := x.document()
	if doc.err != nil {
		return nil, doc.err
	}
	if doc.canonical == nil {
		value := jsontext.Value(bytes.Clone(x.body))
		if err := value.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
			doc.err = malformed(err)
			return nil, doc.err
		}
		doc.canonical = value
	}
	return doc.canonical, nil
}

func (x *Exchange) document() *document {
	if x.parsed == nil {
		value, err := parse(x.body)
		x.parsed = &document{value: value, err: err}
	}
	return x.parsed
}

func parse(body []byte) (any, error) {
	dec := decoder{Decoder: jsontext.NewDecoder(bytes.NewReader(body))}
	value, err := dec.decode()
	if err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the value at byte %d", ErrMalformed, dec.InputOffset())
	}
	return value, nil
}

// decoder reads one body.
type decoder struct {
	*jsontext.Decoder
	values int // read so far
}

// decode reads the next value. Numbers keep their digits: a policy, a schema
// and the upstream must not see three different roundings of one number.
func (dec *decoder) decode() (any, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if dec.StackDepth() > MaxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d levels", ErrMalformed, MaxDepth)
	}
	if dec.values++; dec.values > MaxValues {
		return nil, fmt.Errorf("%w: more than %d values", ErrMalformed, MaxValues)
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		number := json.Number(tok.String())
		if err := CheckNumber(number); err != nil {
			return nil, fmt.Errorf("%w: before byte %d, %w", ErrMalformed, dec.InputOffset(), err)
		}
		return number, nil
	case '[':
		return dec.decodeArray()
	default:
		return dec.decodeObject()
	}
}

func (dec *decoder) decodeArray() (any, error) {
	array := []any{}
	for dec.PeekKind() != ']' {
		element, err := dec.decode()
		if err != nil {
			return nil, err
		}
		array = append(array, element)
	}
	_, err := dec.ReadToken()
	return array, err
}

func (dec *decoder) decodeObject() (any, error) {
	object := map[string]any{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		member := name.String()
		if object[member], err = dec.decode(); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return object, err
}

// malformed says where the body stops being strict JSON. The library's own
// text may quote the body, so only its place and sort are passed on.
func malformed(err error) error {
	if errors.Is(err, ErrMalformed) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", ErrMalformed)
	}
	syntax := (*jsontext.SyntacticError)(nil)
	if !errors.As(err, &syntax) {
		return ErrMalformed
	}
	if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("%w: a name occurs twice in the object before byte %d", ErrMalformed, syntax.ByteOffset)
	}
	return fmt.Errorf("%w: bad syntax or UTF-8 at byte %d", ErrMalformed, syntax.ByteOffset)
}
