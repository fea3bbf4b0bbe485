package reference

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

// writeOptions writes the table of a config's options, what each means, and the
// same for the options that have blocks.
func writeOptions(b *bytes.Buffer, config option.Config, root string) error {
	docs, err := docsOf(config, root)
	if err != nil {
		return err
	}
	table := config.Options()
	if len(table.Arguments)+len(table.Options) == 0 {
		return nil
	}
	b.WriteString("\n| option | value | default | example | in JSON |\n|---|---|---|---|---|\n")
	for _, o := range table.Arguments {
		writeRow(b, docs, o, "<"+o.Name+">", line(table))
	}
	for _, o := range table.Options {
		writeRow(b, docs, o, o.Name+" "+syntax(o), exampleLine(o))
	}
	b.WriteString("\n")
	writeMeanings(b, docs, slices.Concat(table.Arguments, table.Options))
	for _, o := range table.Options {
		if o.Nested == nil {
			continue
		}
		fmt.Fprintf(b, "\n### `%s`\n", o.Name)
		if err := writeOptions(b, o.Nested, root); err != nil {
			return err
		}
	}
	return nil
}

func writeRow(b *bytes.Buffer, docs *docs, o *option.Option, usage, example string) {
	json := "Caddyfile only"
	if key := docs.json(o.Facts); key != "" {
		json = "`" + key + "`"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | `%s` | %s |\n", cell(strings.TrimSpace(usage)), cell(value(o)), cell(absent(o)), cell(example), json)
}

// value describes the values that an option may have.
func value(o *option.Option) string {
	value := cmp.Or(o.Want, "text")
	switch {
	case o.Nested != nil || o.Syntax == "{ ... }":
		value = "see below"
	case strings.HasPrefix(o.Syntax, "<module>"):
		value = "a module of Caddy's and its options"
	case o.Syntax == "":
		value = "none"
	}
	if o.Expanded {
		value += "; placeholders are expanded"
	}
	if o.Repeats {
		value += "; may be there more than once"
	}
	return value
}

// absent says what it means if an option is left out.
func absent(o *option.Option) string {
	if o.Required {
		return "required"
	}
	return cmp.Or(o.Facts.Default, "none")
}

// writeMeanings writes what each option means; options of one field share that.
func writeMeanings(b *bytes.Buffer, docs *docs, options []*option.Option) {
	var names []string
	for i, o := range options {
		names = append(names, "`"+o.Name+"`")
		text := docs.field(o.Facts)
		if i+1 < len(options) && docs.field(options[i+1].Facts) == text {
			continue
		}
		if text != "" {
			fmt.Fprintf(b, "- **%s**: %s\n", strings.Join(names, ", "), text)
		}
		names = nil
	}
	for _, field := range docs.others(options) {
		fmt.Fprintf(b, "- **`%s`**, in JSON only: %s\n", field.name, field.text)
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// syntax returns what follows the name of an option in a Caddyfile.
func syntax(o *option.Option) string {
	if o.Nested == nil {
		return o.Syntax
	}
	table := o.Nested.Options()
	words := make([]string, 0, len(table.Arguments)+1)
	for _, argument := range table.Arguments {
		word := "<" + argument.Name + ">"
		if !argument.Required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	if len(table.Options) > 0 {
		words = append(words, "{ ... }")
	}
	return strings.Join(words, " ")
}

// exampleLine returns the first line of an option's example.
func exampleLine(o *option.Option) string {
	if o.Nested == nil {
		return strings.TrimSpace(o.Name + " " + o.Facts.Example)
	}
	return line(o.Nested.Options())
}

// line returns an example of a block's name and arguments.
func line(table option.Table) string {
	words := []string{table.Name}
	for _, argument := range table.Arguments {
		words = append(words, argument.Facts.Example)
	}
	return strings.Join(words, " ")
}

// writeExample writes a block with every option of the table except some.
func writeExample(b *strings.Builder, before string, table option.Table, indent int, but []string) {
	tabs := strings.Repeat("\t", indent)
	head := before + line(table)
	if len(table.Options) == 0 {
		fmt.Fprintf(b, "%s%s\n", tabs, head)
		return
	}
	fmt.Fprintf(b, "%s%s {\n", tabs, head)
	for _, o := range table.Options {
		switch {
		case slices.Contains(but, o.Name):
		case o.Nested != nil:
			writeExample(b, "", o.Nested.Options(), indent+1, inside(o.Name, but))
		default:
			fmt.Fprintf(b, "%s\t%s\n", tabs, exampleLine(o))
		}
	}
	fmt.Fprintf(b, "%s}\n", tabs)
}

// inside returns the names of a block's options among names such as "limit
// rate".
func inside(block string, names []string) []string {
	var inner []string
	for _, name := range names {
		if rest, ok := strings.CutPrefix(name, block+" "); ok {
			inner = append(inner, rest)
		}
	}
	return inner
}
