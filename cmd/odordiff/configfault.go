package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/caddymodule/configformat"
	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/configfault"
	"github.com/odordiff/odordiff/internal/configtext"
)

// explainFaults has a command that refuses a configuration say it once more, in
// one line for people. Caddy's own line, with the whole chain, stays in the
// log.
func explainFaults(cmd *cobra.Command) {
	config, run := cmd.Flags().Lookup("config"), cmd.RunE
	if config == nil || run == nil {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", cmd.CommandPath(), faultIn(cmp.Or(config.Value.String(), "Caddyfile"), err))
		}
		return err
	}
}

// faultIn takes an error apart and finds its place in the file.
func faultIn(file string, err error) configfault.Fault {
	message := answered(err.Error())
	if strings.HasPrefix(message, "sending configuration to instance: ") {
		return configfault.Fault{Message: message} // It did not come to reading it.
	}
	fault := configfault.Read(message)
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		return fault
	}
	field := unknownField(&fault)
	if directive := suggestDirective(&fault); directive != "" {
		fault.Line(file, string(text), directive)
	}
	if len(fault.Places) > 0 {
		return fault
	}
	line := 0
	switch format := configformat.Name(file); {
	case format == "yaml":
		line = configtext.LineInYAML(text, fault.Pointer, field)
	case format == "jsonc", strings.HasSuffix(file, ".json"):
		line = configtext.LineInJSON(text, fault.Pointer, field)
	case format == "":
		fault.Find(file, string(text))
	}
	if line > 0 {
		fault.Places = []configfault.Place{{File: file, Line: line}}
	}
	return fault
}

// answer is how the admin API of a running gateway refuses.
var answer = regexp.MustCompile(`(?s)^.*?HTTP \d+: (\{.*\})\s*$`)

func answered(message string) string {
	match := answer.FindStringSubmatch(message)
	if match == nil {
		return message
	}
	var refused struct{ Error string }
	if json.Unmarshal([]byte(match[1]), &refused) != nil || refused.Error == "" {
		return message
	}
	return refused.Error
}

// unknown is how the decoder says that a struct has no such field.
var unknown = regexp.MustCompile(`json: unknown field "([^"]*)"`)

// unknownField returns the name of an option that a module does not have, and
// adds to the message the name that is probably meant.
func unknownField(fault *configfault.Fault) string {
	match := unknown.FindStringSubmatch(fault.Message)
	if match == nil {
		return ""
	}
	fault.Message = fmt.Sprintf("unknown option %q", match[1])
	if meant := option.Nearest(match[1], optionsOf(fault.Module)); meant != "" {
		fault.Message += "; did you mean " + meant + "?"
	}
	return match[1]
}

// unrecognized is how Caddy says that there is no such directive.
var unrecognized = regexp.MustCompile(`unrecognized directive: (\S+)`)

// suggestDirective returns the name of a directive that there is not, and adds
// the one that is probably meant.
func suggestDirective(fault *configfault.Fault) string {
	match := unrecognized.FindStringSubmatch(fault.Message)
	if match == nil {
		return ""
	}
	var names []string
	for _, info := range caddy.GetModules("http.handlers") {
		names = append(names, info.ID.Name())
	}
	if meant := option.Nearest(match[1], names); meant != "" {
		fault.Message = fmt.Sprintf("unknown directive %q; did you mean %s?", match[1], meant)
	}
	return match[1]
}

// optionsOf returns the names of a module's options in JSON; those of the
// configuration itself for no module.
func optionsOf(module string) []string {
	if module == "" {
		return namesIn(reflect.TypeFor[caddy.Config](), nil)
	}
	for _, namespace := range []string{"", "http.handlers.", "http.matchers.", "http.reverse_proxy.transport."} {
		if info, err := caddy.GetModule(namespace + module); err == nil {
			return namesIn(reflect.TypeOf(info.New()), nil)
		}
	}
	return nil
}

// namesIn collects the names of a type's fields, and of the types in them.
func namesIn(t reflect.Type, seen []reflect.Type) []string {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || slices.Contains(seen, t) {
		return nil
	}
	seen = append(seen, t)
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if name != "" {
			names = append(names, name)
		}
		names = append(names, namesIn(field.Type, seen)...)
	}
	return names
}
