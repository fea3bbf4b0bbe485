package promptpolicy

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// lines are the lines of a file's values, by JSON Pointer. An absent value has
// line 0.
type lines map[string]int

// jsonLines finds the lines of strict JSON. The line of a member is that of its
// name.
func jsonLines(content []byte) lines {
	found := lines{}
	dec := jsontext.NewDecoder(bytes.NewReader(content))
	line, counted := 1, 0
	for {
		if _, err := dec.ReadToken(); err != nil {
			return found
		}
		end := int(dec.InputOffset())
		line += bytes.Count(content[counted:end], []byte("\n"))
		counted = end
		at := string(dec.StackPointer())
		if _, known := found[at]; !known {
			found[at] = line
		}
	}
}

// yamlLines finds the lines of a YAML document.
func yamlLines(document *yaml.Node) lines {
	found := lines{}
	var visit func(node *yaml.Node, at string)
	visit = func(node *yaml.Node, at string) {
		switch node.Kind {
		case yaml.DocumentNode:
			for _, child := range node.Content {
				visit(child, at)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				name := at + pointer(node.Content[i].Value)
				found[name] = node.Content[i].Line
				visit(node.Content[i+1], name)
			}
		}
	}
	visit(document, "")
	return found
}
