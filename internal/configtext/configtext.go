// Package configtext turns configurations in YAML, TOML and JSON with comments
// into the JSON that they mean. It knows nothing of what is configured.
//
// As in a Caddyfile, {$NAME} and {$NAME:default} in a text are replaced by a
// variable of the environment. That happens within one value, so a variable
// cannot change the structure.
package configtext

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

// maxNodes bounds how many values a configuration may have: aliases of YAML
// can name one part many times.
const maxNodes = 1 << 20

// Error is a fault in a text, at a place of it. Lines and columns count from 1;
// a column of 0 is not known.
type Error struct {
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

func faultAt(line, column int, format string, args ...any) *Error {
	return &Error{Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

// variable is a placeholder as Caddyfiles have it.
var variable = regexp.MustCompile(`\{\$([^{}:]+)(:[^{}]*)?\}`)

// expand replaces the variables in a text. One that is not set, or is empty,
// becomes its default, and nothing where it has none.
func expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		if value := os.Getenv(parts[1]); value != "" || parts[2] == "" {
			return value
		}
		return parts[2][1:]
	})
}

// encode writes a tree of maps, slices and plain values as JSON.
func encode(tree any) ([]byte, error) {
	encoded, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("encoding as JSON: %w", err)
	}
	return encoded, nil
}
