// Package configformat has Caddy's config adapters for YAML, TOML and JSON with
// comments. A configuration in them has the structure of Caddy's JSON: see
// `odordiff config show` for that of a Caddyfile.
package configformat

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/odordiff/odordiff/internal/configtext"
)

func init() {
	caddyconfig.RegisterAdapter("yaml", adapter(configtext.FromYAML))
	caddyconfig.RegisterAdapter("toml", adapter(configtext.FromTOML))
	caddyconfig.RegisterAdapter("jsonc", adapter(configtext.FromJSONC))
}

// Name returns the name of the adapter that reads a file, by the file's
// extension, or "" if none of this package does.
func Name(file string) string {
	switch extension := strings.ToLower(filepath.Ext(file)); extension {
	case ".yaml", ".yml":
		return "yaml"
	case ".toml", ".jsonc":
		return extension[1:]
	}
	return ""
}

// adapter turns a text into JSON.
type adapter func(text []byte) ([]byte, error)

// Adapt implements caddyconfig.Adapter. Errors name the file and the line.
func (a adapter) Adapt(body []byte, options map[string]any) ([]byte, []caddyconfig.Warning, error) {
	adapted, err := a(body)
	if err == nil {
		return adapted, nil, nil
	}
	file, _ := options["filename"].(string)
	if fault, ok := errors.AsType[*configtext.Error](err); ok && file != "" {
		if fault.Column == 0 {
			return nil, nil, fmt.Errorf("%s:%d: %s", file, fault.Line, fault.Message)
		}
		return nil, nil, fmt.Errorf("%s:%d:%d: %s", file, fault.Line, fault.Column, fault.Message)
	}
	return nil, nil, err
}

// Interface guard
var _ caddyconfig.Adapter = adapter(nil)
