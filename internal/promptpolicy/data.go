package promptpolicy

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/util"
)

// loadData merges the data files into the document that rules read as `data`.
// As in a bundle of OPA, a file's content lies under the path of its directory.
func loadData(snap *Snapshot) (map[string]any, error) {
	root := map[string]any{}
	var faults Faults
	for _, name := range snap.paths {
		if !isData(name) {
			continue
		}
		content, err := parseData(name, snap.files[name])
		if err == nil {
			err = mount(root, path.Dir(name), content)
		}
		if err != nil {
			faults = append(faults, dataFault(name, snap.files[name], err))
		}
	}
	if faults != nil {
		return nil, faults
	}
	return root, nil
}

func parseData(name string, content []byte) (map[string]any, error) {
	if path.Ext(name) == ".json" {
		// OPA's parser keeps the last of two equal names; a list that silently lost
		// its first half must not go live.
		if err := strictJSON(content); err != nil {
			return nil, err
		}
	}
	object := map[string]any{}
	if err := util.Unmarshal(content, &object); err != nil {
		return nil, fmt.Errorf("must be an object: %w", err)
	}
	return object, nil
}

func strictJSON(content []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(content))
	if _, err := dec.ReadValue(); err != nil {
		return err
	}
	if len(bytes.TrimSpace(content[dec.InputOffset():])) > 0 {
		return errors.New("something follows the value")
	}
	return nil
}

func mount(root map[string]any, dir string, content map[string]any) error {
	if dir != "." {
		for part := range strings.SplitSeq(dir, "/") {
			next, ok := root[part].(map[string]any)
			if !ok {
				if root[part] != nil {
					return fmt.Errorf("data.%s is already a value of another data file", part)
				}
				next = map[string]any{}
				root[part] = next
			}
			root = next
		}
	}
	for name, value := range content {
		if _, taken := root[name]; taken {
			return fmt.Errorf("%q is already set by another data file", name)
		}
		root[name] = value
	}
	return nil
}

// dataFault finds the line where the error knows a place in JSON.
func dataFault(name string, content []byte, err error) Fault {
	fault := Fault{File: name, Message: err.Error()}
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) {
		end := min(int(syntax.ByteOffset), len(content))
		fault.Line = 1 + bytes.Count(content[:end], []byte("\n"))
	}
	return fault
}
