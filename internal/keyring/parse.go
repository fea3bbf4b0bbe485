package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/strictjson"
)

// Keys are the keys of one file, in the file's order. Their ids are distinct.
type Keys []Key

type document struct {
	Keys []record `json:"keys"`
}

// parseFile is the keyring's livefile.Parse.
func parseFile(content []byte, mode fs.FileMode) (*index, error) {
	if err := checkMode(mode); err != nil {
		return nil, err
	}
	keys, err := Parse(content)
	if err != nil {
		return nil, err
	}
	return newIndex(keys), nil
}

// checkMode refuses a file that others may read or anyone but the owner may
// write. The group may read, because Kubernetes mounts a secret that way if
// there is an fsGroup.
func checkMode(mode fs.FileMode) error {
	if mode.Perm()&0o027 != 0 {
		return fmt.Errorf("mode %04o lets others at the secrets: chmod 600", mode.Perm())
	}
	return nil
}

// Parse reads a keyring file's content strictly: an unknown field, a repeated
// name, a repeated id or an invalid value is an error that names the field. No
// error quotes a value, which might be a misplaced secret.
func Parse(content []byte) (Keys, error) {
	var doc document
	if err := strictjson.Unmarshal(content, &doc, json.RejectUnknownMembers(true)); err != nil {
		return nil, nameField(err)
	}
	if doc.Keys == nil {
		return nil, errors.New(`keys: missing: write {"keys": [...]}`)
	}
	keys := make(Keys, 0, len(doc.Keys))
	for i, record := range doc.Keys {
		key, err := record.key()
		if err != nil {
			return nil, fmt.Errorf("keys[%d].%w", i, err)
		}
		keys = append(keys, key)
	}
	return keys, keys.checkDistinct()
}

func (keys Keys) check() error {
	for i, key := range keys {
		if err := key.check(); err != nil {
			return fmt.Errorf("keys[%d].%w", i, err)
		}
	}
	return keys.checkDistinct()
}

func (keys Keys) checkDistinct() error {
	for i, key := range keys {
		for j, before := range keys[:i] {
			if key.ID == before.ID {
				return fmt.Errorf("keys[%d].id: the same as keys[%d].id", i, j)
			}
			if sameSecret(key, before) {
				return fmt.Errorf("keys[%d].secret: the same as keys[%d].secret: a secret serves one key", i, j)
			}
		}
	}
	return nil
}

// nameField makes an error about a field begin with the field's name.
func nameField(err error) error {
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok || wrong.Member == "" {
		return err
	}
	return fmt.Errorf("%s: %s", fieldName(wrong.Member), wrong.Reason)
}

// fieldName turns /keys/0/secret into keys[0].secret.
func fieldName(pointer jsontext.Pointer) string {
	var name strings.Builder
	for token := range pointer.Tokens() {
		switch {
		case token != "" && strings.Trim(token, "0123456789") == "":
			fmt.Fprintf(&name, "[%s]", token)
		case name.Len() > 0:
			name.WriteString("." + token)
		default:
			name.WriteString(token)
		}
	}
	if name.Len() == 0 {
		return "the document"
	}
	return name.String()
}
