package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/odordiff/odordiff/caddymodule/configformat"
)

// firstCommand is the command of ours that Caddy creates first.
var firstCommand *cobra.Command

// reachRoot finds the root command, which Caddy does not export. When our
// second command is created, the first already has the root as its parent, and
// so have all of Caddy's commands.
func reachRoot(cmd *cobra.Command) {
	switch {
	case firstCommand == nil:
		firstCommand = cmd
	case firstCommand.HasParent() && firstCommand.Root().Example != examples:
		adoptRoot(firstCommand.Root())
	}
}

const examples = `  $ odordiff up
  $ odordiff doctor
  $ odordiff run --config Caddyfile
  $ odordiff reload --config Caddyfile`

// adoptRoot makes Caddy's root command ours.
func adoptRoot(root *cobra.Command) {
	root.Example = examples
	root.SetHelpTemplate((&cobra.Command{}).HelpTemplate() + helpFooter)
	for _, cmd := range root.Commands() {
		adaptByExtension(cmd)
		explainFaults(cmd)
		watchConfig(cmd)
		switch cmd.Name() {
		case "upgrade", "add-package", "remove-package":
			cannotReplaceItself(cmd)
		case "manpage":
			cmd.RunE = writeManpages
			silence(cmd)
		}
	}
}

// adaptByExtension has a command that reads a configuration choose the adapter
// by the file's name, unless --adapter does. Caddy knows Caddyfiles only.
func adaptByExtension(cmd *cobra.Command) {
	config, adapter := cmd.Flags().Lookup("config"), cmd.Flags().Lookup("adapter")
	if config == nil || adapter == nil {
		return
	}
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if name := configformat.Name(config.Value.String()); name != "" && adapter.Value.String() == "" {
			if err := cmd.Flags().Set("adapter", name); err != nil {
				return fmt.Errorf("choosing the adapter: %w", err)
			}
		}
		if before == nil {
			return nil
		}
		return before(cmd, args)
	}
}

const helpFooter = `
Documentation: https://github.com/odordiff/odordiff/tree/main/docs
Caddy's own commands: https://caddyserver.com/docs/command-line
`

// cannotReplaceItself is for those of Caddy's commands that download a Caddy:
// it would lack our commands and the backend, and they read the build for
// Caddy's own main package, which this binary does not have.
func cannotReplaceItself(cmd *cobra.Command) {
	cmd.Short = "Not available: odordiff is not a plain Caddy"
	cmd.Long = `Caddy's command downloads a plain Caddy with plugins, without odordiff's own
commands and its backend. To upgrade, replace the binary or the image by that of a
newer release, or build one:

	git pull && make build

To add modules, list them in xcaddy.toml: see docs/internals/build.md.`
	cmd.Hidden = true
	cmd.RunE = func(*cobra.Command, []string) error {
		return errors.New("not available: it would download a plain Caddy over odordiff; " +
			"replace the binary by a newer release's, or build one: see `odordiff " + cmd.Name() + " --help`")
	}
	silence(cmd)
}

// writeManpages does what Caddy's own command does, but keeps what is in angle
// brackets, and each page has its own title.
func writeManpages(cmd *cobra.Command, _ []string) error {
	dir, err := cmd.Flags().GetString("directory")
	if err != nil {
		return err
	}
	if dir == "" {
		return errors.New("--directory: missing: say where the pages go")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // manual pages are for everyone
		return fmt.Errorf("making the directory: %w", err)
	}
	keepPlaceholders(cmd.Root())
	return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Section: "8", Source: "OdorDiff-2"}, dir)
}

// keepPlaceholders escapes angle brackets in what becomes a page: Markdown,
// from which pages are made, takes <name> for HTML and drops it.
func keepPlaceholders(cmd *cobra.Command) {
	cmd.Use, cmd.Short, cmd.Long = escape(cmd.Use), escape(cmd.Short), escape(cmd.Long)
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) { flag.Usage = escape(flag.Usage) })
	for _, sub := range cmd.Commands() {
		keepPlaceholders(sub)
	}
}

// escape leaves code as it is: lines that are indented after an empty one.
func escape(markdown string) string {
	lines := strings.Split(markdown, "\n")
	code, blank := false, true
	for i, line := range lines {
		indented := strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ")
		code = indented && (code || blank)
		blank = strings.TrimSpace(line) == ""
		if !code {
			lines[i] = strings.NewReplacer("<", `\<`, ">", `\>`).Replace(line)
		}
	}
	return strings.Join(lines, "\n")
}
