// Package strictjson reads JSON that no two readers can understand differently:
// names that occur twice, bad UTF-8 and anything after the value are refused
// (RFC 7493, I-JSON).
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
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

// Parse returns a text's value: nil, bool, [json.Number], string, []any or
// map[string]any. It is for what strangers send. So it also refuses names that
// differ only in case ([FoldName]), names with a NUL, nesting beyond
// [MaxDepth], more than [MaxValues] values, and numbers that [CheckNumber]
// refuses. The error is an [*Error].
func Parse(text []byte) (any, error) {
	dec := decoders.Get().(*decoder)
	value, err := dec.parse(text)
	decoders.Put(dec) // not after a panic
	return value, err
}

// decoder reads one text after the other. It reads them where they are, and
// keeps only its own buffers.
type decoder struct {
	jsontext.Decoder
	text   bytes.Buffer
	values int // read so far
	// names are those of earlier texts, which are not made again.
	names map[string]string
}

// The bounds of what a decoder keeps of names.
const (
	maxNames     = 64
	maxNameBytes = 32
)

var decoders = sync.Pool{New: func() any { return &decoder{names: map[string]string{}} }}

func (dec *decoder) parse(text []byte) (any, error) {
	dec.begin(text)
	defer dec.begin(nil)
	value, err := dec.decode()
	if err != nil {
		return nil, describe(text, err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, dec.fault("something follows the value at byte %d")
	}
	return value, nil
}

func (dec *decoder) begin(text []byte) {
	dec.text, dec.values = *bytes.NewBuffer(text), 0
	dec.Reset(&dec.text)
}

// fault says what is wrong at the byte that was reached, which the format
// shows.
func (dec *decoder) fault(format string) *Error {
	at := dec.InputOffset()
	return &Error{Reason: fmt.Sprintf(format, at), Offset: at}
}

// decode reads the next value. Numbers keep their digits: a policy, a schema
// and the upstream must not see three different roundings of one number.
func (dec *decoder) decode() (any, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if dec.StackDepth() > MaxDepth {
		return nil, &Error{Reason: fmt.Sprintf("nested deeper than %d levels", MaxDepth), Offset: dec.InputOffset()}
	}
	if dec.values++; dec.values > MaxValues {
		return nil, &Error{Reason: fmt.Sprintf("more than %d values", MaxValues), Offset: dec.InputOffset()}
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
			return nil, dec.fault("before byte %d, " + err.Error())
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
		member := dec.name(name)
		if strings.Contains(member, "\x00") {
			return nil, dec.fault("the name before byte %d has a NUL")
		}
		if object[member], err = dec.decode(); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	if differInCase(object) {
		return nil, dec.fault("two names in the object before byte %d differ only in case")
	}
	return object, nil
}

func (dec *decoder) name(token jsontext.Token) string {
	if name, known := dec.names[token.String()]; known {
		return name
	}
	name := token.String()
	if len(name) <= maxNameBytes {
		if len(dec.names) == maxNames {
			clear(dec.names)
		}
		dec.names[name] = name
	}
	return name
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
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf {
			return strings.Map(FoldRune, name)
		}
	}
	return name
}

// FoldRune returns one of the characters that are the same but for case: of the
// Kelvin sign, K and k it is k. That of the Turkish i, with a dot or without,
// is i.
func FoldRune(r rune) rune {
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
