package promptpolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"

	"github.com/odordiff/odordiff/internal/strictjson"
)

// dataFile is one parsed data file.
type dataFile struct {
	name    string
	content map[string]any
	lines   lines
}

// at returns the names in the data under which the file's content lies.
func (f *dataFile) at() []string {
	if dir := path.Dir(f.name); dir != "." {
		return strings.Split(dir, "/")
	}
	return nil
}

// fault returns a fault of the value that the names lead to, from the file's
// root.
func (f *dataFile) fault(message string, names ...string) Fault {
	return Fault{File: f.name, Line: f.lines[pointer(names...)], Message: message}
}

// loadData merges the data files into the document that rules read as `data`.
// As in a bundle of OPA, a file's content lies under the path of its directory.
func loadData(snap *Snapshot) (map[string]any, []*dataFile, error) {
	root := map[string]any{}
	var files []*dataFile
	var faults Faults
	for _, name := range snap.paths {
		if !isData(name) {
			continue
		}
		file, wrong := parseData(name, snap.files[name])
		if wrong == nil {
			wrong = mount(root, file)
		}
		faults = append(faults, wrong...)
		files = append(files, file)
	}
	if faults != nil {
		return nil, nil, faults
	}
	return root, files, nil
}

// parseData parses a data file. It is stricter than OPA's own parser, which
// keeps the last of two equal names and the first of two documents: a list that
// silently lost half of its items must not go live.
func parseData(name string, content []byte) (*dataFile, Faults) {
	file := &dataFile{name: name, content: map[string]any{}}
	if path.Ext(name) == ".json" {
		if err := strictjson.Check(content); err != nil {
			return nil, Faults{jsonFault(name, content, err)}
		}
		file.lines = jsonLines(content)
	} else {
		document, faults := strictYAML(name, content)
		if faults != nil {
			return nil, faults
		}
		file.lines = yamlLines(document)
	}
	var value any
	if err := util.Unmarshal(content, &value); err != nil {
		return nil, Faults{{File: name, Message: "must be an object: " + err.Error()}}
	}
	var ok bool
	if file.content, ok = value.(map[string]any); !ok {
		return nil, Faults{{File: name, Line: 1, Message: "must be an object"}}
	}
	if at, err := unsafeNumber(value); err != nil {
		return nil, Faults{file.fault(err.Error(), at...)}
	}
	return file, nil
}

// strictYAML returns the only document of a file, in which no name occurs
// twice.
func strictYAML(name string, content []byte) (*yaml.Node, Faults) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	document, next := new(yaml.Node), new(yaml.Node)
	if err := dec.Decode(document); errors.Is(err, io.EOF) {
		return nil, Faults{{File: name, Line: 1, Message: "is empty: write {} for no data, or remove the file"}}
	} else if err != nil {
		return nil, Faults{{File: name, Message: "must be an object: " + err.Error()}}
	}
	if err := dec.Decode(next); err == nil {
		return nil, Faults{{File: name, Line: next.Line, Message: "a second document begins here, and only the first would count: keep one"}}
	} else if !errors.Is(err, io.EOF) {
		return nil, Faults{{File: name, Message: err.Error()}}
	}
	return document, repeatedNames(name, document)
}

// repeatedNames finds names that occur twice in one mapping.
func repeatedNames(file string, node *yaml.Node) (faults Faults) {
	if node.Kind == yaml.MappingNode {
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if line, twice := first[key.Value]; twice {
				faults = append(faults, Fault{File: file, Line: key.Line, Message: fmt.Sprintf("%q is already set in line %d", key.Value, line)})
			}
			first[key.Value] = key.Line
		}
	}
	// Aliases are not followed: what they stand for is elsewhere in the tree.
	for _, child := range node.Content {
		faults = append(faults, repeatedNames(file, child)...)
	}
	return faults
}

// unsafeNumber finds a number that strictjson.CheckNumber refuses, and the
// names that lead to it.
func unsafeNumber(value any) (at []string, err error) {
	switch value := value.(type) {
	case json.Number:
		return nil, strictjson.CheckNumber(value)
	case []any:
		for _, item := range value {
			if _, err := unsafeNumber(item); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if at, err := unsafeNumber(value[name]); err != nil {
				return append([]string{name}, at...), err
			}
		}
	}
	return nil, nil
}

// mount puts a file's content where it belongs. It is a fault if two files set
// the same value.
func mount(root map[string]any, file *dataFile) (faults Faults) {
	for _, part := range file.at() {
		value, taken := root[part]
		next, ok := value.(map[string]any)
		if taken && !ok {
			return Faults{{File: file.name, Message: fmt.Sprintf("its directory's %q is already a value of another data file", part)}}
		}
		if !taken {
			next = map[string]any{}
			root[part] = next
		}
		root = next
	}
	for _, name := range slices.Sorted(maps.Keys(file.content)) {
		if _, taken := root[name]; taken {
			faults = append(faults, file.fault(fmt.Sprintf("%q is already set by another data file", name), name))
			continue
		}
		root[name] = file.content[name]
	}
	return faults
}

// jsonFault turns an error of strictjson into a fault with its line.
func jsonFault(name string, content []byte, err error) Fault {
	fault := Fault{File: name, Message: err.Error()}
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return fault
	}
	end := min(int(wrong.Offset), len(content))
	fault.Line = 1 + bytes.Count(content[:end], []byte("\n"))
	if wrong.Member != "" {
		fault.Message = fmt.Sprintf("%q: %s", wrong.Member.LastToken(), wrong.Reason)
	}
	return fault
}
