// Package option reads what a Caddyfile or JSON says about a module. A module
// declares its options once, as a [Table]. The table reads the module's block,
// checks the values of both syntaxes, words the errors, fills in the defaults,
// and makes the module's page of the reference.
//
// A field whose zero value means something is a pointer, so that a zero is
// never taken for an absent option.
package option

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Option is one option of a block, and the field of the config that it sets.
// Make one with a function for its kind, such as [Text] or [Duration].
type Option struct {
	Facts

	filled, many, flag bool

	// values returns the values of the field, as a Caddyfile has them; nil if it
	// is absent.
	values func() []string
	set    func(values []string)
	valid  func(value string) bool

	// read reads an option that has a block or a syntax of its own.
	read func(d *caddyfile.Dispenser) error
	// blocks returns the tables of the nested configs.
	blocks func() []Table
}

// Facts are what the reference says of an option.
type Facts struct {
	// Name is the option's name in a Caddyfile.
	Name string
	// Syntax is what follows the name, such as <duration>.
	Syntax string
	// Want says what a value must be, such as "a duration from 0s to 10m"; "" for
	// any text.
	Want string
	// Default is the value of an absent option, or says what its absence means.
	Default string
	// Example is an example of what follows the name.
	Example string
	// Required says that the option must be there, Repeats that it may be there
	// more than once, and Expanded that its placeholders are expanded at load.
	Required, Repeats, Expanded bool
	// Field points to the field of the config that the option sets.
	Field any
	// Nested is an empty config of the kind that the option's block makes; nil
	// without a block.
	Nested Config
}

// Config is a part of a module's configuration that has options.
type Config interface{ Options() Table }

// Default sets the value that [Table.Provision] fills in if the option is
// absent, as a Caddyfile has it.
func (o *Option) Default(value string) *Option {
	o.Facts.Default, o.filled = value, true
	if o.Facts.Example == "" {
		o.Facts.Example = value
	}
	return o
}

// DefaultMeans says what an absent option means if that is not a single value.
func (o *Option) DefaultMeans(meaning string) *Option {
	o.Facts.Default = meaning
	return o
}

// Example gives an example of what may follow the name.
func (o *Option) Example(example string) *Option {
	o.Facts.Example = example
	return o
}

// Require makes it an error to leave the option out.
func (o *Option) Require() *Option {
	o.Required = true
	return o
}

// Expand makes [Table.Provision] expand placeholders such as {env.NAME} in the
// values.
func (o *Option) Expand() *Option {
	o.Expanded = true
	return o
}

// Accept requires that each value is what want says, such as "a scope", and
// that valid reports true for it. If valid is nil, the module itself checks the
// values.
func (o *Option) Accept(want string, valid func(value string) bool) *Option {
	o.Want, o.valid = want, valid
	return o
}

// Repeat lets the option be there more than once.
func (o *Option) Repeat() *Option {
	o.Repeats = true
	return o
}

// line returns the example as a line of a Caddyfile.
func (o *Option) line() string { return strings.TrimSpace(o.Name + " " + o.Facts.Example) }

// take sets the field to the values of a Caddyfile. If the option may have
// several, it keeps those that are already there.
func (o *Option) take(values []string) error {
	switch {
	case o.flag && len(values) > 0:
		return fmt.Errorf("%s: %q is one value too many: it takes none", o.Name, values[0])
	case !o.flag && len(values) == 0:
		return fmt.Errorf("%s: its value is missing", o.Name)
	case !o.many && len(values) > 1:
		return fmt.Errorf("%s: %q is one value too many", o.Name, values[1])
	}
	if err := o.check(values, o.Expanded); err != nil {
		return err
	}
	if o.many {
		values = append(o.values(), values...)
	}
	o.set(values)
	return nil
}

// check returns an error if a value is wrong. If lenient, it passes over a
// value that still has placeholders.
func (o *Option) check(values []string, lenient bool) error {
	for _, value := range values {
		switch {
		case value == "":
			return fmt.Errorf("%s: the value is empty", o.Name)
		case lenient && strings.Contains(value, "{"):
		case o.valid != nil && !o.valid(value):
			return fmt.Errorf("%s: %q is not %s", o.Name, value, o.Want)
		}
	}
	return nil
}

// checkField checks the values of the field.
func (o *Option) checkField(lenient bool) error {
	if o.values == nil {
		return nil
	}
	values := o.values()
	switch {
	case values == nil && o.Required:
		return fmt.Errorf("%s is missing", o.Name)
	case values != nil && len(values) == 0 && !o.flag:
		return fmt.Errorf("%s: its value is missing", o.Name)
	}
	return o.check(values, lenient)
}

// provision makes the field ready for use.
func (o *Option) provision(repl *caddy.Replacer) error {
	if o.Expanded {
		if err := o.expand(repl); err != nil {
			return err
		}
	}
	if err := o.checkField(false); err != nil {
		return err
	}
	if o.filled && o.values() == nil {
		return o.take(o.split(o.Facts.Default))
	}
	return nil
}

func (o *Option) split(text string) []string {
	if o.many {
		return strings.Fields(text)
	}
	return []string{text}
}

func (o *Option) expand(repl *caddy.Replacer) error {
	values := o.values()
	for i, value := range values {
		expanded, err := repl.ReplaceOrErr(value, true, true)
		if err != nil {
			return fmt.Errorf("%s: %w: want %s", o.Name, err, cmp.Or(o.Want, strings.Trim(o.Syntax, "<.>")))
		}
		values[i] = expanded
	}
	if len(values) > 0 {
		o.set(values)
	}
	return nil
}
