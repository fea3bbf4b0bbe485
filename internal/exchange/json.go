package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

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
// or map[string]any. It is strict: names that occur twice in an object or
// differ only in case ([FoldName]), a name with a NUL, bad UTF-8, anything after the value, nesting beyond [MaxDepth], more than [MaxValues] values and a
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
		if strings.Contains(member, "\x00") {
			return nil, fmt.Errorf("%w: the name before byte %d has a NUL", ErrMalformed, dec.InputOffset())
		}
		if object[member], err = dec.decode(); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	if differInCase(object) {
		return nil, fmt.Errorf("%w: two names in the object before byte %d differ only in case", ErrMalformed, dec.InputOffset())
	}
	return object, nil
}

// differInCase reports whether two names of an object are one to a decoder that
// ignores case, as Go's own does: it would take the last, whatever was judged.
func differInCase(object map[string]any) bool {
	folds := false
	for name := range object {
		folds = folds || FoldName(name) != name
	}
	if !folds || len(object) < 2 {
		return false
	}
	seen := make(map[string]bool, len(object))
	for name := range object {
		seen[FoldName(name)] = true
	}
	return len(seen) < len(object)
}

// FoldName returns the form of a member's name that is the same for all names
// which differ only in case. Lower-case ASCII is its own form.
func FoldName(name string) string {
	return strings.Map(foldRune, name)
}

// foldRune returns one of the characters that are the same but for case: of the
// Kelvin sign, K and k it is k. That of the Turkish i, with a dot or without, is i.
func foldRune(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case r < utf8.RuneSelf:
		return r
	case r == 'İ' || r == 'ı':
		return 'i'
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least < utf8.RuneSelf {
		return unicode.ToLower(least)
	}
	return least
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
