package configtext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FromYAML returns the JSON that a YAML document means. Anchors, aliases and
// merge keys are followed. A duplicate key, a second document, a key that is no
// text and a number that JSON lacks are errors. Errors are of type [*Error].
func FromYAML(text []byte) ([]byte, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, yamlFault(err)
	}
	var second yaml.Node
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, faultAt(second.Line, second.Column, "a second document: a configuration is one")
	case !errors.Is(err, io.EOF):
		return nil, yamlFault(err)
	}
	y := &yamlReader{inside: make(map[*yaml.Node]bool)}
	tree, err := y.value(document.Content[0])
	if err != nil {
		return nil, err
	}
	return encode(tree)
}

// yamlLine is how the parser's messages name a line.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// yamlUnexpected are the messages in which the parser counts lines from 0; in
// all others it counts them from 1.
var yamlUnexpected = regexp.MustCompile(`^did not find expected (node content|<document start>|'-' indicator|key|',' or)`)

// yamlFault turns an error of the parser into one of ours.
func yamlFault(err error) *Error {
	if errors.Is(err, io.EOF) {
		return faultAt(1, 0, "the file is empty")
	}
	message := err.Error()
	match := yamlLine.FindStringSubmatch(message)
	message = message[len(match[0]):]
	line, _ := strconv.Atoi(match[1]) // 0 where there is none
	if yamlUnexpected.MatchString(message) {
		line++
	}
	return faultAt(max(line, 1), 0, "%s", message)
}

// yamlReader turns nodes into values.
type yamlReader struct {
	count  int
	inside map[*yaml.Node]bool // the aliases that are being followed
}

func (y *yamlReader) value(node *yaml.Node) (any, error) {
	if y.count++; y.count > maxNodes {
		return nil, faultAt(node.Line, node.Column, "more than %d values, aliases followed", maxNodes)
	}
	switch node.Kind {
	case yaml.MappingNode:
		return y.mapping(node)
	case yaml.SequenceNode:
		return y.sequence(node)
	case yaml.AliasNode:
		return y.alias(node)
	default:
		return scalar(node)
	}
}

func (y *yamlReader) alias(node *yaml.Node) (any, error) {
	if y.inside[node.Alias] {
		return nil, faultAt(node.Line, node.Column, "*%s is inside of what it names", node.Value)
	}
	y.inside[node.Alias] = true
	defer delete(y.inside, node.Alias)
	return y.value(node.Alias)
}

func (y *yamlReader) sequence(node *yaml.Node) (any, error) {
	values := make([]any, len(node.Content))
	for i, item := range node.Content {
		value, err := y.value(item)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

func (y *yamlReader) mapping(node *yaml.Node) (any, error) {
	values, merged := make(map[string]any), make(map[string]any)
	lines := make(map[string]int)
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		value, err := y.value(node.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			if err := merge(merged, value, key); err != nil {
				return nil, err
			}
			continue
		}
		name, err := keyText(key)
		if err != nil {
			return nil, err
		}
		if line, twice := lines[name]; twice {
			return nil, faultAt(key.Line, key.Column, "%q is here a second time; the first is in line %d", name, line)
		}
		lines[name], values[name] = key.Line, value
	}
	// What is merged gives way to what is there.
	maps.Copy(merged, values)
	return merged, nil
}

// merge adds a mapping, or each of a list of mappings. The first that has a
// key gives its value.
func merge(into map[string]any, value any, key *yaml.Node) error {
	sources, ok := value.([]any)
	if !ok {
		sources = []any{value}
	}
	for _, source := range sources {
		mapping, ok := source.(map[string]any)
		if !ok {
			return faultAt(key.Line, key.Column, "<< takes a mapping, or a list of mappings")
		}
		for name, value := range mapping {
			if _, there := into[name]; !there {
				into[name] = value
			}
		}
	}
	return nil
}

// keyText returns a key. A number or a truth value is taken as it is written.
func keyText(key *yaml.Node) (string, error) {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	if key.Kind != yaml.ScalarNode {
		return "", faultAt(key.Line, key.Column, "a key has to be a text")
	}
	return expand(key.Value), nil
}

// scalar returns a plain value. What is neither a number, a truth value nor
// null is a text as it is written: a time, too.
func scalar(node *yaml.Node) (any, error) {
	switch node.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		var value bool
		if err := node.Decode(&value); err != nil {
			return nil, faultAt(node.Line, node.Column, "%s", err)
		}
		return value, nil
	case "!!int", "!!float":
		number, err := yamlNumber(node)
		if err != nil {
			return nil, faultAt(node.Line, node.Column, "%q: %s", node.Value, err)
		}
		return number, nil
	case "!!binary":
		return nil, faultAt(node.Line, node.Column, "binary data: write it as a text, in the encoding that the option takes")
	}
	return expand(node.Value), nil
}

// yamlNumber returns a number exactly as it is written where JSON writes it so,
// too, and its value otherwise.
func yamlNumber(node *yaml.Node) (json.Number, error) {
	if json.Valid([]byte(node.Value)) {
		return json.Number(node.Value), nil
	}
	if node.Tag == "!!int" {
		text := strings.ReplaceAll(node.Value, "_", "")
		if number, err := strconv.ParseInt(text, 0, 64); err == nil {
			return json.Number(strconv.FormatInt(number, 10)), nil
		}
	}
	var number float64
	if err := node.Decode(&number); err != nil {
		return "", err
	}
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return "", fmt.Errorf("JSON has no such number")
	}
	return json.Number(strconv.FormatFloat(number, 'g', -1, 64)), nil
}
