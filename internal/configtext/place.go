package configtext

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
	"go.yaml.in/yaml/v3"
)

// LineInYAML returns the line of the value that a JSON Pointer names, or of the
// nearest value around it that is there; within it, if field is not empty, of
// the first key of that name. It returns 0 for a text that cannot be read.
func LineInYAML(text []byte, pointer, field string) int {
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return 0
	}
	node := document.Content[0]
	line := node.Line
	for part := range jsontext.Pointer(pointer).Tokens() {
		key, value := childOf(node, part)
		if value == nil {
			break
		}
		node, line = value, key.Line
	}
	if key := keyWithin(node, field); key != nil {
		return key.Line
	}
	return line
}

// childOf returns a child of a node and its key; an item of a list is its own.
func childOf(node *yaml.Node, name string) (key, value *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i], node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, ok := index(name, len(node.Content)); ok {
			return node.Content[i], node.Content[i]
		}
	}
	return nil, nil
}

func keyWithin(node *yaml.Node, field string) *yaml.Node {
	if field == "" {
		return nil
	}
	if key, _ := childOf(node, field); key != nil && node.Kind == yaml.MappingNode {
		return key
	}
	for _, inner := range node.Content {
		if key := keyWithin(inner, field); key != nil {
			return key
		}
	}
	return nil
}

// LineInJSON is [LineInYAML] for JSON, with or without comments.
func LineInJSON(text []byte, pointer, field string) int {
	document, err := hujson.Parse(text)
	if err != nil {
		return 0
	}
	found := document.Find(pointer)
	for found == nil && pointer != "" {
		pointer = pointer[:strings.LastIndexByte(pointer, '/')]
		found = document.Find(pointer)
	}
	if found == nil {
		return 0
	}
	if name := nameWithin(found, field); name != nil {
		found = name
	}
	return strings.Count(string(text[:found.StartOffset]), "\n") + 1
}

func nameWithin(value *hujson.Value, field string) *hujson.Value {
	if field == "" {
		return nil
	}
	for inner := range value.All() {
		object, ok := inner.Value.(*hujson.Object)
		if !ok {
			continue
		}
		for i := range object.Members {
			if name, ok := object.Members[i].Name.Value.(hujson.Literal); ok && name.String() == field {
				return &object.Members[i].Name
			}
		}
	}
	return nil
}

// index reads an index of a list.
func index(name string, length int) (int, bool) {
	i := 0
	for _, digit := range name {
		if digit < '0' || digit > '9' || i > length {
			return 0, false
		}
		i = i*10 + int(digit-'0')
	}
	return i, name != "" && i < length
}
