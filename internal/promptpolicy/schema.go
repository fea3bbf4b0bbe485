package promptpolicy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/odordiff/odordiff/internal/strictjson"
)

const (
	// schemaDir holds a policy directory's JSON Schemas.
	schemaDir = "schemas/"
	// schemaBase is the base URL from which references between schemas are
	// resolved.
	schemaBase = "policy:///"
)

// Schema is a compiled JSON Schema (draft 2020-12).
type Schema struct {
	compiled *jsonschema.Schema
	shape    *shape // nil for one that only the library compares with
}

// FieldError tells the client how one value does not match a schema.
type FieldError struct {
	// Field is the JSON Pointer (RFC 6901) of the value; empty for the whole body.
	Field string `json:"field"`
	// Message says what is wrong and what is allowed.
	Message string `json:"message"`
}

// snapshotLoader resolves references within the snapshot. It never reads other
// files or the network.
type snapshotLoader struct{ snap *Snapshot }

func (l snapshotLoader) Load(url string) (any, error) {
	name, ok := strings.CutPrefix(url, schemaBase)
	content, exists := l.snap.files[name]
	if !ok || !exists || !isSchema(name) {
		return nil, fmt.Errorf("not a file of the policy directory's %s", schemaDir)
	}
	if err := strictjson.Check(content); err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(content))
}

func loadSchemas(snap *Snapshot) (map[string]*Schema, error) {
	schemas := map[string]*Schema{}
	var faults Faults
	for _, name := range snap.paths {
		if !isSchema(name) {
			continue
		}
		if err := strictjson.Check(snap.files[name]); err != nil {
			faults = append(faults, jsonFault(name, snap.files[name], err))
			continue
		}
		if wrong := lintSchema(name, snap.files[name]); wrong != nil {
			faults = append(faults, wrong...)
			continue
		}
		compiled, err := compileSchema(snap, name)
		if err != nil {
			faults = append(faults, schemaFaults(snap, name, err)...)
			continue
		}
		if at := cycle(compiled); at != "" {
			faults = append(faults, faultAt(snap, name, at, "refers to itself without going into a member or item, so nothing could match it"))
			continue
		}
		schemas[name] = &Schema{compiled, shapeOf(compiled)}
	}
	if faults != nil {
		return nil, faults
	}
	return schemas, nil
}

// schemaFaults returns a fault for each place that the compiler's error is
// about.
func schemaFaults(snap *Snapshot, name string, err error) (faults Faults) {
	plain := Faults{faultAt(snap, name, schemaURL.FindString(err.Error()), err.Error())}
	whole, ok := errors.AsType[*jsonschema.SchemaValidationError](err)
	if !ok {
		return plain
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](whole.Err)
	if !ok {
		return plain
	}
	file, _, _ := strings.Cut(whole.URL, "#")
	for _, field := range explain(invalid) {
		faults = append(faults, faultAt(snap, name, file+"#"+field.Field, cmp.Or(field.Field, "the schema")+" "+field.Message))
	}
	return faults
}

// schemaURL finds the location in the text of the compiler's errors.
var schemaURL = regexp.MustCompile(regexp.QuoteMeta(schemaBase) + `[^"]*`)

// faultAt returns a fault at a location such as
// policy:///schemas/x.json#/properties/a. If the location names no file of the
// snapshot, the fault is in the named file.
func faultAt(snap *Snapshot, name, location, message string) Fault {
	url, fragment, _ := strings.Cut(location, "#")
	if file, ok := strings.CutPrefix(url, schemaBase); ok && snap.files[file] != nil {
		name = file
	}
	return Fault{File: name, Line: jsonLines(snap.files[name])[fragment], Message: message}
}

func compileSchema(snap *Snapshot, name string) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(snapshotLoader{snap})
	return compiler.Compile(schemaBase + name)
}

// Validate returns the errors of a body, sorted by field, at most 20; nil if it
// matches. The body is as [exchange.Exchange.JSON] returns it.
func (s *Schema) Validate(body any) []FieldError {
	if !atMost(body, maxSchemaValues) {
		return []FieldError{{Message: fmt.Sprintf("must have at most %d values, arrays and objects counted", maxSchemaValues)}}
	}
	if s.shape != nil && s.shape.matches(body) {
		return nil
	}
	err := s.compiled.Validate(body)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []FieldError{{Message: "cannot be compared with the schema"}}
	}
	return explain(invalid)
}

const (
	// maxSchemaValues is how many values a body may have. Validation cannot be
	// stopped, and a body with 100,000 wrong values took a second and 80 MB.
	maxSchemaValues = 10_000
	// maxFieldErrors is the most errors that a client is shown.
	maxFieldErrors = 20
	// maxFoundErrors is how many errors of a body are described before those are
	// chosen: describing each of 100,000 would take seconds.
	maxFoundErrors = 1000
)

// atMost reports whether a value, with all the values inside it, counts at most
// n.
func atMost(value any, n int) bool {
	var count func(any)
	count = func(value any) {
		if n--; n < 0 {
			return
		}
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				count(item)
			}
		case map[string]any:
			for _, member := range value {
				count(member)
			}
		}
	}
	count(value)
	return n >= 0
}

func explain(invalid *jsonschema.ValidationError) []FieldError {
	var found []FieldError
	collect(invalid, &found)
	slices.SortFunc(found, func(a, b FieldError) int {
		return strings.Compare(a.Field+"\x00"+a.Message, b.Field+"\x00"+b.Message)
	})
	found = slices.Compact(found)
	return found[:min(len(found), maxFieldErrors)]
}

// collect gathers the leaves of the tree of causes: what a client can act on.
func collect(e *jsonschema.ValidationError, found *[]FieldError) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			if len(*found) >= maxFoundErrors {
				return
			}
			collect(cause, found)
		}
		return
	}
	field := pointer(e.InstanceLocation...)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			*found = append(*found, FieldError{field + pointer(name), "is required"})
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties[:min(len(k.Properties), maxFoundErrors)] {
			*found = append(*found, FieldError{field + pointer(name), "is not a known field; remove it or correct its name"})
		}
	default:
		*found = append(*found, FieldError{field, sentence(e.ErrorKind)})
	}
}

var english = message.NewPrinter(language.English)

func sentence(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("must be of type %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Minimum:
		return "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		return "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters, not %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters, not %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items, not %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items, not %d", k.Want, k.Got)
	case *kind.Enum:
		return "must be one of " + literals(k.Want...)
	case *kind.Const:
		return "must be " + literals(k.Want)
	case *kind.Pattern:
		return "must match the pattern " + k.Want
	case *kind.Format:
		return "must be a valid " + k.Want
	}
	return k.LocalizedString(english)
}

// literals writes values of a schema as JSON.
func literals(values ...any) string {
	written := make([]string, len(values))
	for i, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			text = []byte("a value of the schema")
		}
		written[i] = string(text)
	}
	return strings.Join(written, ", ")
}

func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return fmt.Sprint(f)
}

// pointer writes reference tokens as a JSON Pointer.
func pointer(tokens ...string) string {
	length := 0
	for _, token := range tokens {
		length += len("/") + len(token)
	}
	var p strings.Builder
	p.Grow(length)
	for _, token := range tokens {
		p.WriteByte('/')
		p.WriteString(escapeToken.Replace(token))
	}
	return p.String()
}

var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")
