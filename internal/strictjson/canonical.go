package strictjson

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendCanonical appends a value of [Parse] to text so that texts that say the
// same have the same bytes: without spaces, with the names of an object in the
// order of their bytes, and with numbers in the form of RFC 8785. Unlike there,
// integers keep all their digits.
func AppendCanonical(text []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(text, "null"...)
	case bool:
		return strconv.AppendBool(text, value)
	case json.Number:
		return appendNumber(text, value)
	case string:
		return appendString(text, value)
	case []any:
		return appendArray(text, value)
	default:
		return appendObject(text, value.(map[string]any))
	}
}

// appendNumber appends the digits of an integer as they are, which is what the
// library does, too, only dearer.
func appendNumber(text []byte, number json.Number) []byte {
	if isPositiveInteger(number) {
		return append(text, number...)
	}
	canonical := jsontext.Value(number)
	if canonical.Canonicalize(jsontext.CanonicalizeRawInts(false)) != nil {
		return append(text, number...) // not one of Parse
	}
	return append(text, canonical...)
}

func isPositiveInteger(number json.Number) bool {
	for i := range len(number) {
		if number[i] < '0' || number[i] > '9' {
			return false
		}
	}
	return true
}

func appendString(text []byte, s string) []byte {
	// Its error is bad UTF-8, which it replaces.
	text, _ = jsontext.AppendQuote(text, s)
	return text
}

func appendArray(text []byte, array []any) []byte {
	text = append(text, '[')
	for i, element := range array {
		if i > 0 {
			text = append(text, ',')
		}
		text = AppendCanonical(text, element)
	}
	return append(text, ']')
}

func appendObject(text []byte, object map[string]any) []byte {
	var room [16]string // for the names of most objects
	names := room[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	text = append(text, '{')
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(appendString(text, name), ':')
		text = AppendCanonical(text, object[name])
	}
	return append(text, '}')
}
