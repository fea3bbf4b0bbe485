package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff"
	"github.com/odordiff/odordiff/internal/policydir"
)

func policyInitCommand() *cobra.Command {
	var force bool
	var profile string
	cmd := &cobra.Command{
		Use:   "init [--profile scent|chat] [--force] [<directory>]",
		Short: "Unpacks the shipped policies, or renews them",
		Long: `Unpacks the shipped policies into a directory (default: policies in the state directory):
the profile scent for prompts that describe scents, or chat for general services that speak
OpenAI's protocol. Where they are unpacked already, files that nobody edited follow this
version. Files that were edited or removed are left so and named; with --force they are
replaced, and what was edited is saved beside it with the ending .edited. Files that were
never shipped are left alone. A directory keeps its profile.

odordiff up does the same, without --force, to the directory in its state directory.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := filepath.Join(stateDir(), "policies")
			if len(args) > 0 {
				dir = args[0]
			}
			report, err := unpackPolicies(dir, profile, force)
			if err != nil {
				return err
			}
			printRenewal(cmd.OutOrStdout(), dir, report)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace edited files, too, and save them beside it")
	cmd.Flags().StringVar(&profile, "profile", "", strings.Join(policydir.Profiles, " or ")+" (default: the directory's, or "+policydir.Scent+")")
	return cmd
}

// unpackPolicies unpacks a profile; an empty name means the one that the
// directory has.
func unpackPolicies(dir, profile string, force bool) (policydir.Report, error) {
	if profile == "" {
		var err error
		if profile, err = policydir.ProfileIn(dir); err != nil {
			return policydir.Report{}, err
		}
	}
	shipped, err := policydir.ReadProfile(odordiff.Policies, profile)
	if err != nil {
		return policydir.Report{}, err
	}
	return policydir.Renew(dir, shipped, force)
}

func printRenewal(w io.Writer, dir string, report policydir.Report) {
	switch {
	case report.Fresh:
		fmt.Fprintf(w, "%s: unpacked %s\n", dir, count(len(report.Written), "file"))
	case report.Changed():
		fmt.Fprintf(w, "%s: renewed %s, removed %d that this version does not ship\n", dir, count(len(report.Written), "file"), len(report.Removed))
	case len(report.Edited) == 0:
		fmt.Fprintf(w, "%s: nothing to renew\n", dir)
	}
	path := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, name := range report.Saved {
		fmt.Fprintf(w, "%s has what was edited\n", path(name))
	}
	for _, name := range report.Edited {
		fmt.Fprintf(w, "%s is not as shipped, and is left so: `odordiff policy init --force %s` replaces it\n", path(name), shellQuote(dir))
	}
}
