package configtext

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// FromJSONC returns JSON without its comments and trailing commas. A duplicate
// name is an error. Errors are of type [*Error].
func FromJSONC(text []byte) ([]byte, error) {
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, faultAt(1, 0, "the file is empty")
	}
	parsed, err := hujson.Parse(text)
	if err != nil {
		return nil, jsonFault(err)
	}
	if err := fill(text, &parsed); err != nil {
		return nil, err
	}
	parsed.Standardize()
	return parsed.Pack(), nil
}

// jsonPlace is how the parser's messages name a place.
var jsonPlace = regexp.MustCompile(`^hujson: line (\d+), column (\d+): `)

func jsonFault(err error) *Error {
	match := jsonPlace.FindStringSubmatch(err.Error())
	if match == nil {
		return faultAt(1, 0, "%s", err)
	}
	line, _ := strconv.Atoi(match[1])
	column, _ := strconv.Atoi(match[2])
	return faultAt(line, column, "%s", err.Error()[len(match[0]):])
}

// fill replaces the variables in all texts.
func fill(text []byte, value *hujson.Value) error {
	switch v := value.Value.(type) {
	case hujson.Literal:
		filled, err := fillLiteral(v)
		if err != nil {
			return placed(text, value, err)
		}
		value.Value = filled
	case *hujson.Array:
		for i := range v.Elements {
			if err := fill(text, &v.Elements[i]); err != nil {
				return err
			}
		}
	case *hujson.Object:
		return fillObject(text, v)
	}
	return nil
}

func fillObject(text []byte, object *hujson.Object) error {
	seen := make(map[string]bool, len(object.Members))
	for i := range object.Members {
		member := &object.Members[i]
		if err := fill(text, &member.Name); err != nil {
			return err
		}
		name := member.Name.Value.(hujson.Literal).String()
		if seen[name] {
			return placed(text, &member.Name, errors.New(strconv.Quote(name)+" is here a second time"))
		}
		seen[name] = true
		if err := fill(text, &member.Value); err != nil {
			return err
		}
	}
	return nil
}

func fillLiteral(literal hujson.Literal) (hujson.Literal, error) {
	if literal.Kind() != '"' || !strings.Contains(string(literal), "{$") {
		return literal, nil
	}
	var content string
	if err := json.Unmarshal(literal, &content); err != nil {
		return nil, err
	}
	return hujson.String(expand(content)), nil
}

// placed says where in the text an error is.
func placed(text []byte, value *hujson.Value, err error) *Error {
	before := string(text[:value.StartOffset])
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n')
	return faultAt(line, column, "%s", err)
}
