package promptpolicy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// somePattern is one that some of the drawn strings match.
const somePattern = "^a*b?$"

var (
	someNames   = rapid.SampledFrom([]string{"a", "b", "c"})
	someStrings = rapid.OneOf(someNames, rapid.SampledFrom([]string{"", "aaa", "éé", "漢字漢字"}))
	// Some differ by less than a float can tell, or are a float's exactly.
	someNumbers = rapid.SampledFrom([]json.Number{
		"0", "-0", "1", "-1", "1.0", "1.5", "10e-1", "1e2", "100", "0.1", "0.10000000000000000001", "1e-1", "-273.15",
		"9007199254740991", "9007199254740992", "9007199254740993", "1.0000000000000000000001", "123456789012345", "1e400",
	})
)

func someValues(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{rapid.Just[any](nil), rapid.Bool().AsAny(), someStrings.AsAny(), someNumbers.AsAny()}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(someValues(depth-1), 0, 3).AsAny(),
		rapid.MapOfN(someNames, someValues(depth-1), 0, 3).AsAny())...)
}

// drawSchema draws a schema of a few keywords.
func drawSchema(t *rapid.T, depth int) any {
	if rapid.IntRange(0, 9).Draw(t, "plain") == 0 {
		return rapid.Bool().Draw(t, "schema")
	}
	inner := func() any { return drawSchema(t, depth-1) }
	several := func() any { return []any{inner(), inner()} }
	bound := func() any { return someNumbers.Draw(t, "bound") }
	size := func() any { return rapid.IntRange(0, 3).Draw(t, "size") }
	keywords := map[string]func() any{
		"type": func() any {
			return rapid.SampledFrom([]any{
				"null", "boolean", "integer", "number", "string", "array", "object", []any{"integer", "string"}, []any{"number", "object"},
			}).Draw(t, "type")
		},
		"minimum": bound, "maximum": bound, "exclusiveMinimum": bound, "exclusiveMaximum": bound,
		"minLength": size, "maxLength": size, "minItems": size, "maxItems": size, "minProperties": size, "maxProperties": size,
		"pattern":  func() any { return somePattern },
		"required": func() any { return []any{someNames.Draw(t, "required")} },
		"enum":     func() any { return []any{someStrings.Draw(t, "one"), nil, true} },
		"const":    func() any { return rapid.SampledFrom([]any{nil, false, "a"}).Draw(t, "const") },
	}
	if depth > 0 {
		maps.Copy(keywords, map[string]func() any{
			"items": inner, "additionalProperties": inner, "not": inner, "if": inner, "then": inner, "else": inner,
			"prefixItems": several, "allOf": several, "anyOf": several, "oneOf": several,
			"properties": func() any { return map[string]any{"a": inner(), "b": inner()} },
			"$ref":       func() any { return "#/$defs/known" },
		})
	}
	schema := map[string]any{}
	names := rapid.SampledFrom(slices.Sorted(maps.Keys(keywords)))
	for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID).Draw(t, "keywords") {
		schema[name] = keywords[name]()
	}
	return schema
}

func TestABodyHasTheShapeOfASchemaThatItMatches(t *testing.T) {
	drawn, shapeless := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		schema := map[string]any{"allOf": []any{drawSchema(t, 3)}, "$defs": map[string]any{"known": drawSchema(t, 0)}}
		compiled := compiledSchema(t, schema)
		s := shapeOf(compiled)
		if drawn++; s == nil {
			shapeless++
			return
		}
		for range 10 {
			value := someValues(3).Draw(t, "value")
			want := compiled.Validate(value) == nil
			if got := s.matches(value); got != want {
				t.Fatalf("%v and %v: matches %t, want %t", schema, value, got, want)
			}
		}
	})
	if shapeless > drawn/4 { // those with const beside enum
		t.Errorf("%d of %d schemas have no shape", shapeless, drawn)
	}
}

func TestASchemaHasNoShapeWhereItSaysMore(t *testing.T) {
	for _, schema := range []string{
		`{"format": "date"}`, `{"properties": {"a": {"uniqueItems": true}}}`, `{"multipleOf": 2}`, `{"contains": true}`,
		`{"patternProperties": {"a": false}}`, `{"propertyNames": false}`, `{"unevaluatedProperties": false}`,
		`{"dependentRequired": {"a": ["b"]}}`, `{"enum": [1]}`, `{"const": [1]}`, `{"const": "a", "enum": ["b"]}`,
		`{"contentEncoding": "base64"}`, `{"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a"}}}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
		if err != nil {
			t.Fatal(err)
		}
		if shapeOf(compiledSchema(t, value)) != nil {
			t.Errorf("%s has a shape", schema)
		}
	}
}

func TestTheShippedSchemasHaveShapes(t *testing.T) {
	for name, schema := range shipped(t).schemas {
		if schema.shape == nil {
			t.Errorf("%s has none, so that it costs more than it need", name)
		}
	}
}

func compiledSchema(t rapid.TB, schema any) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.AssertContent()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("x.json", parsed); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("x.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}
