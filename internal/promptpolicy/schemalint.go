package promptpolicy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// nesting says what is inside a keyword of a schema.
type nesting int

const (
	holdsValue   nesting = iota // nothing that is a schema
	holdsSchema                 // one schema
	holdsSchemas                // an array of them
	holdsNamed                  // an object of them, whose names are free
)

// keywords are the keywords of draft 2020-12. A validator ignores an unknown
// keyword, so a limit whose name has a typing error would limit nothing.
var keywords = map[string]nesting{
	"$schema": holdsValue, "$id": holdsValue, "$ref": holdsValue, "$anchor": holdsValue, "$comment": holdsValue,
	"$dynamicRef": holdsValue, "$dynamicAnchor": holdsValue, "$vocabulary": holdsValue, "$defs": holdsNamed, "definitions": holdsNamed,

	"title": holdsValue, "description": holdsValue, "default": holdsValue, "examples": holdsValue,
	"deprecated": holdsValue, "readOnly": holdsValue, "writeOnly": holdsValue,

	"type": holdsValue, "enum": holdsValue, "const": holdsValue, "format": holdsValue,
	"multipleOf": holdsValue, "minimum": holdsValue, "maximum": holdsValue, "exclusiveMinimum": holdsValue, "exclusiveMaximum": holdsValue,
	"minLength": holdsValue, "maxLength": holdsValue, "pattern": holdsValue,
	"contentEncoding": holdsValue, "contentMediaType": holdsValue, "contentSchema": holdsSchema,

	"minItems": holdsValue, "maxItems": holdsValue, "uniqueItems": holdsValue, "minContains": holdsValue, "maxContains": holdsValue,
	"prefixItems": holdsSchemas, "items": holdsSchema, "contains": holdsSchema, "unevaluatedItems": holdsSchema,

	"minProperties": holdsValue, "maxProperties": holdsValue, "required": holdsValue, "dependentRequired": holdsValue,
	"properties": holdsNamed, "patternProperties": holdsNamed, "dependentSchemas": holdsNamed,
	"additionalProperties": holdsSchema, "propertyNames": holdsSchema, "unevaluatedProperties": holdsSchema,

	"allOf": holdsSchemas, "anyOf": holdsSchemas, "oneOf": holdsSchemas, "not": holdsSchema,
	"if": holdsSchema, "then": holdsSchema, "else": holdsSchema,
}

// formats are the formats that the validator checks; it ignores others.
var formats = []string{
	"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "iri", "iri-reference", "json-pointer", "regex",
	"relative-json-pointer", "time", "uri", "uri-reference", "uri-template", "uuid",
}

// dependants are keywords that mean nothing without another.
var dependants = map[string]string{"then": "if", "else": "if", "minContains": "contains", "maxContains": "contains"}

// lintSchema finds what a validator would silently ignore.
func lintSchema(name string, content []byte) Faults {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return Faults{{File: name, Message: err.Error()}}
	}
	l := linter{name: name, lines: jsonLines(content)}
	l.schema(root)
	return l.faults
}

type linter struct {
	name   string
	lines  lines
	at     []string
	faults Faults
}

func (l *linter) fault(format string, args ...any) {
	l.faults = append(l.faults, Fault{File: l.name, Line: l.lines[pointer(l.at...)], Message: fmt.Sprintf(format, args...)})
}

func (l *linter) enter(name string, visit func()) {
	l.at = append(l.at, name)
	visit()
	l.at = l.at[:len(l.at)-1]
}

func (l *linter) schema(value any) {
	object, ok := value.(map[string]any)
	if !ok {
		return // true, false, or something that the compiler refuses
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		l.enter(name, func() { l.keyword(object, name) })
	}
}

func (l *linter) keyword(schema map[string]any, name string) {
	inside, known := keywords[name]
	if !known {
		l.fault("JSON Schema 2020-12 has no keyword %q, so it would check nothing: correct its name", name)
		return
	}
	value := schema[name]
	if _, err := unsafeNumber(value); err != nil {
		l.fault("%s: %v", name, err)
	}
	if needs, ok := dependants[name]; ok && schema[needs] == nil {
		l.fault("%q checks nothing without %q", name, needs)
	}
	switch text, _ := value.(string); {
	case name == "$schema" && text != draft:
		l.fault("$schema must be %q, or be left out", draft)
	case name == "format" && !slices.Contains(formats, text):
		l.fault("the format %q is not checked: use one of %q, or a pattern", text, formats)
	}
	switch inside {
	case holdsSchema:
		l.schema(value)
	case holdsSchemas:
		list, _ := value.([]any)
		for i, item := range list {
			l.enter(fmt.Sprint(i), func() { l.schema(item) })
		}
	case holdsNamed:
		named, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(named)) {
			l.enter(name, func() { l.schema(named[name]) })
		}
	}
}

// cycle returns the location of a schema that applies itself again to the same
// value, as {"$ref": "#"} does; empty if there is none.
func cycle(root *jsonschema.Schema) string {
	const (
		active = 1
		done   = 2
	)
	state := map[*jsonschema.Schema]int{}
	var visit func(*jsonschema.Schema) string
	visit = func(s *jsonschema.Schema) string {
		if s == nil || state[s] == done {
			return ""
		}
		if state[s] == active {
			return s.Location
		}
		state[s] = active
		for _, next := range inPlace(s) {
			if at := visit(next); at != "" {
				return at
			}
		}
		state[s] = done
		return ""
	}
	for _, s := range reachable(root) {
		if at := visit(s); at != "" {
			return at
		}
	}
	return ""
}

// inPlace returns the schemas that apply to the same value as s.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	next := slices.Concat([]*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf,
		slices.Collect(maps.Values(s.DependentSchemas)))
	if s.DynamicRef != nil {
		next = append(next, s.DynamicRef.Ref)
	}
	return next
}

// inside returns the schemas that apply to parts of the value that s applies
// to.
func inside(s *jsonschema.Schema) []*jsonschema.Schema {
	next := slices.Concat([]*jsonschema.Schema{s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema},
		s.PrefixItems, slices.Collect(maps.Values(s.Properties)), slices.Collect(maps.Values(s.PatternProperties)))
	if additional, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		next = append(next, additional)
	}
	return next
}

func reachable(root *jsonschema.Schema) (all []*jsonschema.Schema) {
	seen := map[*jsonschema.Schema]bool{nil: true}
	var visit func(*jsonschema.Schema)
	visit = func(s *jsonschema.Schema) {
		if seen[s] {
			return
		}
		seen[s] = true
		all = append(all, s)
		for _, next := range append(inPlace(s), inside(s)...) {
			visit(next)
		}
	}
	visit(root)
	return all
}
