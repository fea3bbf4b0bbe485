package promptpolicy

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// shape is a schema in a form that answers one question without garbage:
// whether a body matches. What is wrong with a body that does not is for the
// library to say.
type shape struct {
	kinds  kinds
	values []any // of which it must be one; nil for any
	bounds []bound

	minLength, maxLength *int
	pattern              jsonschema.Regexp

	minItems, maxItems *int
	first              []*shape // of the first items
	items              *shape   // of the others; nil for any

	minMembers, maxMembers *int
	required               []string
	members                map[string]*shape
	others                 *shape // of other members; nil for any

	all, any, one                        []*shape
	not, condition, consequence, instead *shape
}

// kinds are the kinds of values that match, one bit each.
type kinds uint8

const (
	ofNull kinds = 1 << iota
	ofBoolean
	ofInteger
	ofFraction
	ofString
	ofArray
	ofObject
	ofAny = ofObject<<1 - 1
)

var kindsByType = map[string]kinds{
	"null": ofNull, "boolean": ofBoolean, "integer": ofInteger, "number": ofInteger | ofFraction,
	"string": ofString, "array": ofArray, "object": ofObject,
}

// bound is a limit of numbers.
type bound struct {
	exact *big.Rat
	near  float64 // the nearest float
	keeps func(order int) bool
}

// shaped are the fields of the library's schemas that shapes have, or that say
// nothing of a body.
var shaped = func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(`
		Bool Ref Types Enum Const Not AllOf AnyOf OneOf If Then Else
		MaxProperties MinProperties Required Properties AdditionalProperties
		MinItems MaxItems PrefixItems Items2020 MinLength MaxLength Pattern
		Maximum Minimum ExclusiveMaximum ExclusiveMinimum
		DraftVersion Location ID Anchor Title Description Default Comment
		ReadOnly WriteOnly Examples Deprecated`) {
		names[name] = true
	}
	return names
}()

// shapeOf returns a schema's shape; nil if the schema, or one that it leads to,
// has something that shapes lack.
func shapeOf(root *jsonschema.Schema) *shape {
	shapes := map[*jsonschema.Schema]*shape{}
	for _, s := range reachable(root) {
		if !isShaped(s) {
			return nil
		}
		shapes[s] = &shape{}
	}
	for s, into := range shapes {
		into.take(s, shapes)
	}
	return shapes[root]
}

func isShaped(s *jsonschema.Schema) bool {
	fields := reflect.ValueOf(s).Elem()
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		if field.IsExported() && !shaped[field.Name] && !fields.Field(i).IsZero() {
			return false
		}
	}
	return s.DraftVersion == 2020 && (s.Enum == nil || s.Const == nil) && !slices.ContainsFunc(valuesOf(s), isIntricate)
}

// valuesOf returns the values of which a schema wants one; nil for any.
func valuesOf(s *jsonschema.Schema) []any {
	switch {
	case s.Const != nil:
		return []any{*s.Const}
	case s.Enum != nil:
		return s.Enum.Values
	}
	return nil
}

// isIntricate reports whether comparing a value takes more than Go's ==.
func isIntricate(value any) bool {
	switch value.(type) {
	case nil, bool, string:
		return false
	}
	return true
}

// take makes the shape of a schema, given the shapes of those it leads to.
func (s *shape) take(from *jsonschema.Schema, shapes map[*jsonschema.Schema]*shape) {
	several := func(schemas []*jsonschema.Schema) (list []*shape) {
		for _, one := range schemas {
			list = append(list, shapes[one])
		}
		return list
	}
	s.kinds, s.values, s.bounds = kindsOf(from), valuesOf(from), boundsOf(from)
	s.minLength, s.maxLength, s.pattern = from.MinLength, from.MaxLength, from.Pattern
	s.minItems, s.maxItems = from.MinItems, from.MaxItems
	s.first, s.items = several(from.PrefixItems), shapes[from.Items2020]
	s.minMembers, s.maxMembers, s.required = from.MinProperties, from.MaxProperties, from.Required
	s.members = map[string]*shape{}
	for name, member := range from.Properties {
		s.members[name] = shapes[member]
	}
	switch others := from.AdditionalProperties.(type) {
	case bool:
		if !others {
			s.others = &shape{} // of no kind
		}
	case *jsonschema.Schema:
		s.others = shapes[others]
	}
	s.all, s.any, s.one = several(from.AllOf), several(from.AnyOf), several(from.OneOf)
	if from.Ref != nil {
		s.all = append(s.all, shapes[from.Ref])
	}
	s.not, s.condition, s.consequence, s.instead = shapes[from.Not], shapes[from.If], shapes[from.Then], shapes[from.Else]
}

func kindsOf(s *jsonschema.Schema) (all kinds) {
	if s.Bool != nil && !*s.Bool {
		return 0
	}
	if s.Types == nil || s.Types.IsEmpty() {
		return ofAny
	}
	for _, name := range s.Types.ToStrings() {
		all |= kindsByType[name]
	}
	return all
}

func boundsOf(s *jsonschema.Schema) (all []bound) {
	add := func(limit *big.Rat, keeps func(order int) bool) {
		if limit != nil {
			near, _ := limit.Float64()
			all = append(all, bound{limit, near, keeps})
		}
	}
	add(s.Minimum, func(order int) bool { return order >= 0 })
	add(s.Maximum, func(order int) bool { return order <= 0 })
	add(s.ExclusiveMinimum, func(order int) bool { return order > 0 })
	add(s.ExclusiveMaximum, func(order int) bool { return order < 0 })
	return all
}

// order compares a number with the bound, exactly. Rounding keeps order, so two
// numbers whose nearest floats differ are ordered as those are.
func (b *bound) order(number json.Number) int {
	near, err := number.Float64()
	switch {
	case err == nil && near < b.near:
		return -1
	case err == nil && near > b.near:
		return 1
	case err == nil && b.exact.IsInt() && len(number) <= 15 && isPlainInteger(number):
		return 0 // Both are the float.
	}
	exact, _ := new(big.Rat).SetString(string(number))
	return exact.Cmp(b.exact)
}

func isPlainInteger(number json.Number) bool { return !strings.ContainsAny(string(number), ".eE") }

func isInteger(number json.Number) bool {
	if isPlainInteger(number) {
		return true
	}
	exact, ok := new(big.Rat).SetString(string(number))
	return ok && exact.IsInt()
}
