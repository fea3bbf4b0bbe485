package configtext

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/BurntSushi/toml"
)

// FromTOML returns the JSON that a TOML document means. Dates and times become
// texts. A number that JSON lacks is an error. Errors of the syntax are of type
// [*Error].
func FromTOML(text []byte) ([]byte, error) {
	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		if fault, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, faultAt(fault.Position.Line, fault.Position.Col, "%s", fault.Message)
		}
		return nil, err
	}
	if len(tree) == 0 {
		return nil, faultAt(1, 0, "the file is empty")
	}
	plain, err := tomlValue("", tree)
	if err != nil {
		return nil, err
	}
	return encode(plain)
}

// tomlValue returns a value as JSON has it. The path names it in errors: the
// parser does not tell where values are.
func tomlValue(path string, value any) (any, error) {
	switch value := value.(type) {
	case string:
		return expand(value), nil
	case time.Time:
		return tomlTime(value), nil
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, errors.New(path + ": JSON has no such number")
		}
		return json.Number(strconv.FormatFloat(value, 'g', -1, 64)), nil
	case map[string]any:
		return tomlTable(path, value)
	case []map[string]any:
		return tomlArray(path, value)
	case []any:
		return tomlArray(path, value)
	}
	return value, nil
}

func tomlTable(path string, table map[string]any) (any, error) {
	plain := make(map[string]any, len(table))
	for key, value := range table {
		key = expand(key)
		inner, err := tomlValue(path+"/"+key, value)
		if err != nil {
			return nil, err
		}
		plain[key] = inner
	}
	return plain, nil
}

func tomlArray[T any](path string, values []T) (any, error) {
	plain := make([]any, len(values))
	for i, value := range values {
		inner, err := tomlValue(path+"/"+strconv.Itoa(i), value)
		if err != nil {
			return nil, err
		}
		plain[i] = inner
	}
	return plain, nil
}

// tomlTime writes a time with as much as the document gave: the parser marks
// local dates and times by their zones.
func tomlTime(value time.Time) string {
	switch value.Location().String() {
	case "datetime-local":
		return value.Format("2006-01-02T15:04:05.999999999")
	case "date-local":
		return value.Format(time.DateOnly)
	case "time-local":
		return value.Format("15:04:05.999999999")
	}
	return value.Format(time.RFC3339Nano)
}
