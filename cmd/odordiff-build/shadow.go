package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// shadow writes a module proxy of files (see "go help goproxy") into dir and
// returns its URL. It stands before the real proxies and keeps Go from asking
// them for what directories replace.
//
// To find the module of a package, `go get` asks for every prefix of its
// path, even where a replacement has the answer; a proxy that refuses what it
// does not know, instead of not finding it, would fail the build. This one
// knows those prefixes and has no version of any.
func (r *recipe) shadow(dir string) (url string, err error) {
	for _, m := range r.Modules {
		if !r.replaced(m.Package) {
			continue
		}
		for prefix := m.Package; prefix != "."; prefix = path.Dir(prefix) {
			if err := writeEmptyList(dir, prefix); err != nil {
				return "", fmt.Errorf("shadowing %s: %w", prefix, err)
			}
		}
	}
	return "file://" + filepath.ToSlash(dir), nil
}

// writeEmptyList writes a proxy's answer that a module has no versions.
func writeEmptyList(dir, module string) error {
	directory := filepath.Join(dir, filepath.FromSlash(escaped(module)), "@v")
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "list"), nil, 0o600)
}

var capital = regexp.MustCompile(`[A-Z]`)

// escaped is the path as proxies spell it: they may not tell cases apart.
func escaped(path string) string {
	return capital.ReplaceAllStringFunc(path, func(s string) string { return "!" + strings.ToLower(s) })
}
