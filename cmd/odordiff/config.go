package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/BurntSushi/toml"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/odordiff/odordiff/caddymodule/configformat"
	"github.com/odordiff/odordiff/internal/configtext"
	"github.com/odordiff/odordiff/internal/redact"
)

func init() {
	register("config", "show|diff ...",
		"Shows what a configuration means, and how the running one differs from it",
		`A configuration is a Caddyfile, or YAML, TOML, JSON, or JSON with comments: its
name says which. All of them become one JSON, which Caddy runs.`,
		func(cmd *cobra.Command) { group(cmd, configShowCommand(), configDiffCommand()) })
}

// configSource is the file that a command reads.
type configSource struct {
	file, adapter string
}

func (s *configSource) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&s.file, "config", "c", "Caddyfile", "the configuration's file")
	cmd.Flags().StringVarP(&s.adapter, "adapter", "a", "", "its format, where the name does not say it: caddyfile, yaml, toml, jsonc")
}

// read returns the configuration as a tree.
func (s *configSource) read() (any, error) {
	config, err := adaptFile(s.file, s.adapter)
	if err != nil {
		return nil, errors.New(faultIn(s.file, err).String())
	}
	return tree(config)
}

// adaptFile returns the JSON of a configuration file.
func adaptFile(file, adapter string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	name := cmp.Or(adapter, configformat.Name(file))
	if name == "" && filepath.Ext(file) != ".json" {
		name = "caddyfile"
	}
	if name == "" {
		return text, nil
	}
	found := caddyconfig.GetAdapter(name)
	if found == nil {
		return nil, fmt.Errorf("--adapter: there is no %q; there are caddyfile, yaml, toml and jsonc", name)
	}
	config, _, err := found.Adapt(text, map[string]any{"filename": file})
	if err != nil {
		return nil, err //nolint:wrapcheck // faultIn reads it, and says where
	}
	return config, nil
}

// tree decodes JSON; numbers stay as they are written.
func tree(config []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(config))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, fmt.Errorf("the configuration is not valid JSON: %w", err)
	}
	return decoded, nil
}

func configShowCommand() *cobra.Command {
	var source configSource
	var format string
	var sources bool
	cmd := &cobra.Command{
		Use:   "show [--config <file>] [--format json|yaml|toml] [--sources]",
		Short: "Prints what a configuration means, without secrets",
		Long: `Prints the configuration that a file means, for example a Caddyfile as YAML, to go
on with. Passwords in URLs and the values of options whose names say that they
are secret are left out; {env.*} and {file.*} stay as they are: they are read when
the gateway starts. --sources prints instead where the values of {$NAME} come from.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if sources {
				return showSources(cmd.OutOrStdout(), source.file)
			}
			config, err := source.read()
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), format, withoutSecrets("", config))
		},
	}
	source.flags(cmd)
	cmd.Flags().StringVar(&format, "format", "json", "json, yaml or toml")
	cmd.Flags().BoolVar(&sources, "sources", false, "print the variables that the file reads, and where their values come from")
	return cmd
}

// write prints a tree in a format.
func write(out io.Writer, format string, config any) error {
	switch format {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(config)
	case "yaml":
		encoder := yaml.NewEncoder(out)
		encoder.SetIndent(2)
		return encoder.Encode(plainNumbers(config))
	case "toml":
		return toml.NewEncoder(out).Encode(plainNumbers(config))
	}
	return fmt.Errorf("--format: %q is none of json, yaml and toml", format)
}

// plainNumbers replaces what only JSON's encoder knows to be a number.
func plainNumbers(config any) any {
	switch config := config.(type) {
	case map[string]any:
		for name, value := range config {
			config[name] = plainNumbers(value)
		}
	case []any:
		for i, value := range config {
			config[i] = plainNumbers(value)
		}
	case json.Number:
		if whole, err := config.Int64(); err == nil {
			return whole
		}
		if number, err := config.Float64(); err == nil {
			return number
		}
	}
	return config
}

// secretNames are what the names of options with secrets have in them.
var secretNames = regexp.MustCompile(`(?i)secret|passw|token$|private|credential|api_?key|hmac`)

const redacted = "REDACTED"

// withoutSecrets replaces what nobody should read: texts under names that say
// so, and passwords and queries in URLs. A placeholder is no secret.
func withoutSecrets(name string, config any) any {
	switch config := config.(type) {
	case map[string]any:
		for inner, value := range config {
			config[inner] = withoutSecrets(inner, value)
		}
	case []any:
		for i, value := range config {
			config[i] = withoutSecrets(name, value)
		}
	case string:
		if placeholder(config) {
			return config
		}
		if secretNames.MatchString(name) {
			return redacted
		}
		return redact.Text(config)
	}
	return config
}

func placeholder(text string) bool {
	return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && strings.Count(text, "{") == 1
}

// fileVariable is a variable that a configuration file reads.
var fileVariable = regexp.MustCompile(`\{\$(\w+)(?::([^{}]*))?\}`)

// lineComment is a comment of a Caddyfile, of YAML and of TOML.
var lineComment = regexp.MustCompile(`(?m)(^|\s)#.*$`)

// showSources prints the variables of a file.
func showSources(out io.Writer, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "variable\tvalue\tsource")
	var seen []string
	for _, match := range fileVariable.FindAllStringSubmatch(lineComment.ReplaceAllString(string(text), ""), -1) {
		if slices.Contains(seen, match[1]) {
			continue
		}
		seen = append(seen, match[1])
		value, source := sourceOf(match[1], match[2])
		fmt.Fprintf(table, "%s\t%s\t%s\n", match[1], withoutSecrets(match[1], value), source)
	}
	return table.Flush()
}

// sourceOf returns a variable's value and who gave it.
func sourceOf(name, otherwise string) (value, source string) {
	switch value := os.Getenv(name); {
	case value == "":
		return otherwise, "the file's default"
	case settled[name]:
		return value, "odordiff's default"
	default:
		return value, "the environment"
	}
}

func configDiffCommand() *cobra.Command {
	var source configSource
	var address string
	cmd := &cobra.Command{
		Use:   "diff [--config <file>] [--address <admin API>]",
		Short: "Shows how the running configuration differs from a file",
		Long: `Prints a line for each difference: + for what the file adds, - for what it drops,
~ for what it changes. It ends with 0 if there is none, and with 1 if there is.
It reads the running configuration from the admin API, by default that of the file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			onDisk, err := source.read()
			if err != nil {
				return err
			}
			running, err := runningConfig(cmp.Or(address, adminOf(onDisk)))
			if err != nil {
				return err
			}
			changes := configtext.Diff(withoutSecrets("", running), withoutSecrets("", onDisk))
			for _, change := range changes {
				fmt.Fprintln(cmd.OutOrStdout(), change)
			}
			if len(changes) > 0 {
				return fmt.Errorf("differences: %d; `odordiff reload --config %s` loads the file", len(changes), source.file)
			}
			return nil
		},
	}
	source.flags(cmd)
	cmd.Flags().StringVar(&address, "address", "", "address of the admin API")
	return cmd
}

// adminOf returns where a configuration has its admin API.
func adminOf(config any) string {
	root, _ := config.(map[string]any)
	admin, _ := root["admin"].(map[string]any)
	listen, _ := admin["listen"].(string)
	return cmp.Or(listen, caddy.DefaultAdminListen)
}

// runningConfig asks a gateway for its configuration.
func runningConfig(address string) (any, error) {
	answer, err := caddycmd.AdminAPIRequest(address, http.MethodGet, "/config/", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the gateway at %s for its configuration: %w", address, err)
	}
	defer func() { _ = answer.Body.Close() }()
	config, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the running configuration: %w", err)
	}
	return tree(config)
}
