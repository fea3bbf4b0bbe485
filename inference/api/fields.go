package api

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// fieldError says what is wrong with one field of a request: of a body by its
// JSON Pointer (RFC 6901), empty for the body as a whole; of a query by its
// name behind a question mark; of the header by its name.
type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	// Position is the 0-based byte of a SMILES at which it goes wrong.
	Position *int `json:"position,omitempty"`
	// Suggestions are values that may have been meant.
	Suggestions []string `json:"suggestions,omitempty"`
}

func invalid(errors ...fieldError) error {
	return problem.Invalid.New("see errors for what is wrong with each field").With("errors", errors)
}

// object takes the known fields out of a JSON object. It collects what is wrong
// with them, so that a client hears of everything at once.
type object struct {
	at     jsontext.Pointer
	fields map[string]jsontext.Value
	errors *[]fieldError // of the whole body
}

// newObject returns the object that a body is. What is wrong with the body is a
// problem.
func newObject(body []byte) (*object, error) {
	var value jsontext.Value
	if err := strictjson.Unmarshal(body, &value); err != nil {
		return nil, malformed(err)
	}
	o := &object{errors: new([]fieldError)}
	if !o.read(value) {
		return nil, invalid(fieldError{Message: "must be an object"})
	}
	return o, nil
}

// read takes the fields of a value. It reports whether the value is an object.
func (o *object) read(value jsontext.Value) bool {
	return value.Kind() == '{' && json.Unmarshal(value, &o.fields) == nil
}

// done returns the problem of all errors, those of unknown fields included.
func (o *object) done() error {
	o.rejectOthers()
	if len(*o.errors) > 0 {
		return invalid(*o.errors...)
	}
	return nil
}

// rejectOthers adds an error for each unknown field.
func (o *object) rejectOthers() {
	known := len(*o.errors)
	for name := range o.fields {
		o.fail(name, "is not known")
	}
	slices.SortFunc((*o.errors)[known:], func(a, b fieldError) int { return cmp.Compare(a.Field, b.Field) })
}

// take removes a field. It reports whether the field is there.
func (o *object) take(name string) (jsontext.Value, bool) {
	value, ok := o.fields[name]
	delete(o.fields, name)
	return value, ok
}

func (o *object) pointer(name string) string { return string(o.at.AppendToken(name)) }

func (o *object) add(e fieldError) { *o.errors = append(*o.errors, e) }

func (o *object) fail(name, format string, arguments ...any) {
	o.add(fieldError{Field: o.pointer(name), Message: fmt.Sprintf(format, arguments...)})
}

// object takes an object inside, whose fields are read by the given function.
func (o *object) object(name string, read func(*object)) {
	value, ok := o.take(name)
	if !ok {
		return
	}
	inner := &object{at: o.at.AppendToken(name), errors: o.errors}
	if !inner.read(value) {
		o.fail(name, "must be an object")
		return
	}
	read(inner)
	inner.rejectOthers()
}

// text takes a string of 1 to longest characters. It is empty where it is
// absent or wrong.
func (o *object) text(name string, longest int) string {
	value, ok := o.take(name)
	if !ok {
		return ""
	}
	text, ok := stringOf(value)
	if !ok {
		o.fail(name, "must be a string")
		return ""
	}
	if n := utf8.RuneCountInString(text); n < 1 || n > longest {
		o.fail(name, "must have 1 to %d characters, has %d", longest, n)
	}
	return text
}

func stringOf(value jsontext.Value) (text string, ok bool) {
	ok = value.Kind() == '"' && json.Unmarshal(value, &text) == nil
	return text, ok
}

// choice takes a string that is one of a few, or is absent.
func (o *object) choice(name string, from []string) string {
	value, ok := o.take(name)
	if !ok {
		return ""
	}
	text, _ := stringOf(value)
	if !slices.Contains(from, text) {
		o.fail(name, "must be one of: %s", strings.Join(from, ", "))
	}
	return text
}

// flag takes a boolean, nil where it is absent.
func (o *object) flag(name string) *bool {
	value, ok := o.take(name)
	if !ok {
		return nil
	}
	var flag bool
	if json.Unmarshal(value, &flag) != nil || value.Kind() == 'n' {
		o.fail(name, "must be true or false")
		return nil
	}
	return &flag
}

// integer takes an integer within bounds, nil where it is absent.
func (o *object) integer(name string, least, most int64) *int64 {
	value, ok := o.take(name)
	if !ok {
		return nil
	}
	number, ok := integerOf(value)
	if !ok || number < least || number > most {
		o.fail(name, "must be an integer from %d to %d", least, most)
		return nil
	}
	return &number
}

// integerOr is integer with a default.
func (o *object) integerOr(name string, least, most, otherwise int) int {
	if n := o.integer(name, int64(least), int64(most)); n != nil {
		return int(*n)
	}
	return otherwise
}

// number takes a number within bounds, nil where it is absent.
func (o *object) number(name string, least, most float64) *float64 {
	value, ok := o.take(name)
	if !ok {
		return nil
	}
	var number float64
	if value.Kind() != '0' || json.Unmarshal(value, &number) != nil || number < least || number > most {
		o.fail(name, "must be a number from %v to %v", least, most)
		return nil
	}
	return &number
}

// maxExact is the largest integer that every JSON implementation keeps exactly
// (RFC 8259, section 6).
const maxExact = 1<<53 - 1

// integerOf reads a JSON number without a fraction, up to maxExact on either
// side of 0. 5.0 and 5e0 are integers, as they are to JSON Schema.
func integerOf(value jsontext.Value) (int64, bool) {
	if value.Kind() != '0' {
		return 0, false
	}
	var number float64
	if json.Unmarshal(value, &number) != nil || math.Abs(number) > maxExact || number != math.Trunc(number) {
		return 0, false
	}
	return int64(number), true
}

// list takes a list of 1 to longest items, nil where it is absent or wrong.
// Errors name its items as fields of their own.
func (o *object) list(name string, longest int) []jsontext.Value {
	value, ok := o.take(name)
	if !ok {
		return nil
	}
	var items []jsontext.Value
	if value.Kind() != '[' || json.Unmarshal(value, &items) != nil || len(items) < 1 || len(items) > longest {
		o.fail(name, "must be a list of 1 to %d items", longest)
		return nil
	}
	return items
}
