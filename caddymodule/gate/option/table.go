package option

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Table describes how a config may be written. Its options point into that
// config.
type Table struct {
	// Name is what the block is called in a Caddyfile.
	Name string
	// Arguments may follow the name, in this order. If the last is a list, it
	// takes all that are left.
	Arguments []*Option
	// Options may stand in the block.
	Options []*Option
	// Short reads arguments that abbreviate a block; Usage says which.
	Short func(arguments []string) error
	Usage string
	// Others reads an option that is not in the table. If it is nil, such an
	// option is an error.
	Others func(d *caddyfile.Dispenser) error
}

// Unmarshal reads the name that comes next, its arguments and its block. An
// error names the option and its line, and says what is there and what would be
// right.
func (t Table) Unmarshal(d *caddyfile.Dispenser) error {
	d.Next()
	return t.unmarshal(d)
}

// unmarshal reads what follows the name.
func (t Table) unmarshal(d *caddyfile.Dispenser) error {
	if err := t.readArguments(d); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := t.readOption(d, seen); err != nil {
			return err
		}
	}
	if err := t.check(); err != nil {
		return d.WrapErr(fmt.Errorf("%s: %w", t.Name, err))
	}
	return nil
}

func (t Table) readArguments(d *caddyfile.Dispenser) error {
	arguments := d.RemainingArgs()
	switch {
	case t.Short != nil && len(arguments) > 0:
		if err := t.Short(arguments); err != nil {
			return d.WrapErr(err)
		}
		return nil
	case len(t.Arguments) == 0 && len(arguments) > 0:
		return d.ArgErr()
	case len(arguments) > len(t.Arguments) && !t.Arguments[len(t.Arguments)-1].many:
		return d.Errf("%s: %q is one value too many%s", t.Name, arguments[len(t.Arguments)], suchAs(t.line()))
	case len(arguments) == 0 && len(t.Arguments) > 0 && len(t.Options) == 0:
		return d.Errf("%s: its value is missing%s", t.Name, suchAs(t.line()))
	}
	for i, o := range t.Arguments[:min(len(arguments), len(t.Arguments))] {
		values := arguments[i : i+1]
		if o.many {
			values = arguments[i:]
		}
		if err := o.take(values); err != nil {
			return d.Errf("%w%s", err, suchAs(t.line()))
		}
	}
	return nil
}

func (t Table) readOption(d *caddyfile.Dispenser, seen map[string]bool) error {
	name := d.Val()
	o := t.option(name)
	switch {
	case o == nil && t.Others != nil:
		return t.Others(d)
	case o == nil:
		return d.WrapErr(t.unknown(name))
	case seen[name] && !o.Repeats:
		return d.Errf("%s is there twice: keep one%s", name, suchAs(o.line()))
	}
	seen[name] = true
	if o.read != nil {
		return o.read(d)
	}
	if err := o.take(d.RemainingArgs()); err != nil {
		return d.Errf("%w%s", err, suchAs(o.line()))
	}
	if d.NextBlock(d.Nesting()) {
		return d.Errf("%s takes no block%s", name, suchAs(o.line()))
	}
	return nil
}

// option returns the option of the name, or nil.
func (t Table) option(name string) *Option {
	for _, o := range t.Options {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// unknown returns the error for an unknown option, which suggests the one that
// is probably meant.
func (t Table) unknown(name string) error {
	names := make([]string, len(t.Options))
	for i, o := range t.Options {
		names[i] = o.Name
	}
	if meant := Nearest(name, names); meant != "" {
		return fmt.Errorf("unknown option %q of %s (did you mean %s?)%s", name, t.Name, meant, suchAs(t.option(meant).line()))
	}
	if len(names) == 0 {
		return fmt.Errorf("unknown option %q: %s has none%s", name, t.Name, suchAs(t.line()))
	}
	return fmt.Errorf("unknown option %q of %s: it has %s%s", name, t.Name, strings.Join(names, ", "), suchAs(t.Options[0].line()))
}

// check checks the values of the fields, but not those with placeholders.
func (t Table) check() error {
	for _, o := range t.all() {
		if err := o.checkField(o.Expanded); err != nil {
			return t.hinted(o, err)
		}
		for _, inner := range o.tables() {
			if err := inner.check(); err != nil {
				return fmt.Errorf("%s: %w", inner.Name, err)
			}
		}
	}
	return nil
}

// Provision makes the config ready for use, whichever syntax it was written in:
// it expands placeholders, checks every value, and fills in the defaults. A
// module calls it first, before it builds on the values.
func (t Table) Provision() error {
	repl := caddy.NewReplacer()
	for _, o := range t.all() {
		if err := o.provision(repl); err != nil {
			return t.hinted(o, err)
		}
		for _, inner := range o.tables() {
			if err := inner.Provision(); err != nil {
				return fmt.Errorf("%s: %w", inner.Name, err)
			}
		}
	}
	return nil
}

func (t Table) all() []*Option { return slices.Concat(t.Arguments, t.Options) }

func (o *Option) tables() []Table {
	if o.blocks == nil {
		return nil
	}
	return o.blocks()
}

// hinted adds to an error an example of what would be right.
func (t Table) hinted(o *Option, err error) error {
	if slices.Contains(t.Arguments, o) {
		return fmt.Errorf("%w%s", err, suchAs(t.line()))
	}
	return fmt.Errorf("%w%s", err, suchAs(o.line()))
}

// line returns an example of the name with its arguments.
func (t Table) line() string {
	words := []string{t.Name}
	for _, o := range t.Arguments {
		words = append(words, o.Facts.Example)
	}
	return strings.Join(words, " ")
}

func suchAs(line string) string { return "; write for example: " + line }
