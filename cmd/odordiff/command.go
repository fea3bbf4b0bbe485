package main

import (
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// register adds a subcommand whose errors reach the terminal as one line,
// without the usage text and without Caddy's log format around them.
func register(name, usage, short, long string, setup func(*cobra.Command)) {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name: name, Usage: usage, Short: short, Long: long,
		CobraFunc: func(cmd *cobra.Command) {
			setup(cmd)
			silence(cmd)
			reachRoot(cmd)
		},
	})
}

// group adds subcommands to a command. Any other word is an error: cobra alone
// would print the help and succeed, so that a script would not notice a typing
// error.
func group(cmd *cobra.Command, subcommands ...*cobra.Command) {
	cmd.AddCommand(subcommands...)
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func silence(cmd *cobra.Command) {
	cmd.SilenceUsage = true
	for _, sub := range cmd.Commands() {
		silence(sub)
	}
	run := cmd.RunE
	if run == nil {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err != nil {
			cmd.SilenceErrors = true
			cmd.Root().SilenceErrors = true
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", cmd.CommandPath(), err)
		}
		return err
	}
}
