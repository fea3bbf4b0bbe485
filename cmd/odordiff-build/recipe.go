package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/caddyserver/xcaddy"
)

// recipe is what xcaddy.toml says.
type recipe struct {
	// Caddy is the version of Caddy, such as "v2.11.9".
	Caddy string `toml:"caddy"`
	// Output is the binary to write.
	Output string `toml:"output"`
	// Tags are Go build tags; Caddy's own releases leave out the databases
	// with "nobadger", "nomysql" and "nopgx".
	Tags []string `toml:"tags"`
	// Modules are the packages to add to Caddy.
	Modules []module `toml:"module"`
	// Replace maps Go modules to directories that replace them.
	Replace map[string]string `toml:"replace"`
}

// module is a package that registers Caddy modules when it is imported.
type module struct {
	// Package is its import path.
	Package string `toml:"package"`
	// Version is that of its Go module. It may be left out only where the
	// module is replaced by a directory: a build must not change from day to day.
	Version string `toml:"version"`
}

// readRecipe reads and validates a recipe, and makes its paths relative to
// the current directory instead of the file's.
func readRecipe(file string) (*recipe, error) {
	r := new(recipe)
	meta, err := toml.DecodeFile(file, r)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if err := errors.Join(unknown(meta), r.validate()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	dir := filepath.Dir(file)
	r.Output = below(dir, r.Output)
	for name, directory := range r.Replace {
		if r.Replace[name], err = filepath.Abs(below(dir, directory)); err != nil {
			return nil, fmt.Errorf("%s: replace of %s: %w", file, name, err)
		}
	}
	return r, nil
}

// unknown refuses keys that would be silently ignored.
func unknown(meta toml.MetaData) error {
	var errs []error
	for _, key := range meta.Undecoded() {
		errs = append(errs, fmt.Errorf("unknown key %q; known are caddy, output, tags, [[module]] package and version, and [replace]", key))
	}
	return errors.Join(errs...)
}

func (r *recipe) validate() error {
	if !strings.HasPrefix(r.Caddy, "v") {
		return fmt.Errorf(`caddy = %q: want a version such as "v2.11.9"`, r.Caddy)
	}
	if r.Output == "" {
		return errors.New(`output is missing: want the file to write, such as "bin/caddy"`)
	}
	if len(r.Modules) == 0 {
		return errors.New("no [[module]]: without one, this is plain Caddy")
	}
	for _, tag := range r.Tags {
		if tag == "" || strings.ContainsAny(tag, ", \t'\"") {
			return fmt.Errorf("tags: %q is not one build tag", tag)
		}
	}
	for _, m := range r.Modules {
		if err := r.validateModule(m); err != nil {
			return err
		}
	}
	return nil
}

func (r *recipe) validateModule(m module) error {
	replaced := r.replaced(m.Package)
	switch {
	case m.Package == "":
		return errors.New(`a [[module]] lacks its package: want an import path`)
	case m.Version == "" && !replaced:
		return fmt.Errorf("module %s: version is missing; it may be left out only under [replace]", m.Package)
	case m.Version != "" && replaced:
		return fmt.Errorf("module %s: version %s would be ignored, for [replace] gives a directory; delete one of the two", m.Package, m.Version)
	}
	return nil
}

func (r *recipe) replaced(pkg string) bool {
	for name := range r.Replace {
		if pkg == name || strings.HasPrefix(pkg, name+"/") {
			return true
		}
	}
	return false
}

// buildTimeout bounds a build, with downloads and a cold cache on a slow
// machine.
const buildTimeout = time.Hour

// builder is the recipe as xcaddy takes it.
func (r *recipe) builder() xcaddy.Builder {
	b := xcaddy.Builder{
		CaddyVersion: r.Caddy,
		TimeoutBuild: buildTimeout,
		BuildFlags:   "-trimpath -ldflags '-s -w'",
	}
	if len(r.Tags) > 0 {
		b.BuildFlags += " -tags " + strings.Join(r.Tags, ",")
	}
	for _, m := range r.Modules {
		b.Plugins = append(b.Plugins, xcaddy.Dependency{PackagePath: m.Package, Version: m.Version})
	}
	for name, directory := range r.Replace {
		b.Replacements = append(b.Replacements, xcaddy.NewReplace(name, directory))
	}
	return b
}

func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
