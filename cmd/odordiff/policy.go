package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/atomicfile"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

func init() {
	register("policy", "init|check|test|fmt|eval ...",
		"Unpacks, checks, tests, formats and tries prompt policies",
		`Works on a policy directory: rules (*.rego) and their tests (*_test.rego),
data (data.json, data.yaml), and JSON Schemas under schemas/.

What these commands accept is what a running gateway lets go live.`,
		func(cmd *cobra.Command) {
			group(cmd, policyInitCommand(), policyCheckCommand(), policyTestCommand(), policyFmtCommand(), policyEvalCommand())
		})
}

func policyCheckCommand() *cobra.Command {
	must := promptpolicy.Conditions{Timeout: promptpolicy.DefaultTimeout}
	cmd := &cobra.Command{
		Use:   "check [--min-tests <n>] [--covered] <directory>",
		Short: "Says whether a gateway would let the directory go live",
		Long: `Compiles the directory, runs its tests and has it decide about a few requests, as a
gateway does before an edit goes live. All of this may take 30 seconds and 512 MiB. It
prints each fault as file:line.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			snap, err := promptpolicy.ReadSnapshot(args[0])
			if err != nil {
				return err
			}
			policy, err := promptpolicy.AdmitApart(cmd.Context(), snap, must)
			if err != nil {
				return printFaults(cmd.OutOrStdout(), args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: revision %s is fit to go live\n", args[0], policy.Revision())
			return nil
		},
	}
	cmd.Flags().IntVar(&must.MinTests, "min-tests", 0, "require so many tests")
	cmd.Flags().BoolVar(&must.Covered, "covered", false, "require that each deny rule refuses something in a test")
	return cmd
}

func policyTestCommand() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "test [--verbose] <directory>",
		Short: "Runs the directory's Rego tests",
		Long: `Runs the directory's Rego tests and prints those that fail. All of them together may take
20 seconds and 512 MiB.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			snap, err := promptpolicy.ReadSnapshot(args[0])
			if err != nil {
				return err
			}
			results, err := promptpolicy.TestApart(cmd.Context(), snap)
			if err != nil {
				return printFaults(cmd.OutOrStdout(), args[0], err)
			}
			return printTests(cmd.OutOrStdout(), args[0], results, verbose)
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print the tests that pass, too")
	return cmd
}

func policyFmtCommand() *cobra.Command {
	var check, write bool
	cmd := &cobra.Command{
		Use:   "fmt [--check|--write] <directory>",
		Short: "Formats the directory's Rego files",
		Long: `Lists the Rego files that are not in OPA's own style. With --check it fails if there are
any, with --write it formats them.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if check && write {
				return errors.New("give --check or --write, not both")
			}
			return formatPolicy(cmd.OutOrStdout(), args[0], check, write)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "fail if a file is not formatted")
	cmd.Flags().BoolVarP(&write, "write", "w", false, "format the files")
	return cmd
}

func policyEvalCommand() *cobra.Command {
	var input string
	cmd := &cobra.Command{
		Use:   "eval --input <file> <directory>",
		Short: "Prints the decision about an input document",
		Long: `Evaluates the directory's decision about an input document, a JSON file or - for the
standard input, which is taken as it is. docs/gateway/policy.md lists the fields
that the gateway sets. The decision may take 10 seconds, and all of this 30 seconds and
512 MiB.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := readInput(cmd.InOrStdin(), input)
			if err != nil {
				return err
			}
			return evalPolicy(cmd, args[0], document)
		},
	}
	cmd.Flags().StringVarP(&input, "input", "i", "", "the input document (required)")
	_ = cmd.MarkFlagRequired("input")
	return cmd
}

// printFaults lists what is wrong, where an editor finds it.
func printFaults(w io.Writer, dir string, err error) error {
	faults := promptpolicy.FaultsOf(err)
	for _, fault := range faults {
		if fault.File != "" {
			fault.File = filepath.Join(dir, filepath.FromSlash(fault.File))
		}
		fmt.Fprintln(w, fault)
	}
	return fmt.Errorf("%s has %s", dir, count(len(faults), "fault"))
}

func printTests(w io.Writer, dir string, results []promptpolicy.TestResult, verbose bool) error {
	failed, skipped := 0, 0
	for _, result := range results {
		outcome := "pass"
		switch {
		case result.Skipped:
			outcome = "skip"
			skipped++
		case result.Failure != "":
			outcome = "FAIL"
			failed++
		case !verbose:
			continue
		}
		fmt.Fprintf(w, "%s  %s:%d  %s %s\n", outcome, filepath.Join(dir, result.File), result.Line, result.Name, result.Failure)
		for line := range strings.Lines(result.Output) {
			fmt.Fprint(w, "      ", line)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed", failed, count(len(results), "test"))
	}
	fmt.Fprintf(w, "%s passed", count(len(results)-skipped, "test"))
	if skipped > 0 {
		fmt.Fprintf(w, ", %d skipped", skipped)
	}
	fmt.Fprintln(w)
	return nil
}

func formatPolicy(w io.Writer, dir string, check, write bool) error {
	snap, err := promptpolicy.ReadSnapshot(dir)
	if err != nil {
		return err
	}
	files := snap.Rego()
	unformatted := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		formatted, err := promptpolicy.Format(name, files[name])
		if err != nil {
			return printFaults(w, dir, err)
		}
		if bytes.Equal(formatted, files[name]) {
			continue
		}
		unformatted++
		file := filepath.Join(dir, filepath.FromSlash(name))
		fmt.Fprintln(w, file)
		if write {
			if err := replaceFile(file, formatted); err != nil {
				return fmt.Errorf("formatting %s: %w", file, err)
			}
		}
	}
	if check && unformatted > 0 {
		return fmt.Errorf("%s not formatted: run odordiff policy fmt -w %s", count(unformatted, "file is", "files are"), dir)
	}
	return nil
}

// replaceFile keeps the file's permissions. It may lie in a directory that a
// gateway watches, which must not read half of it.
func replaceFile(file string, content []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return atomicfile.Replace(file, content, info.Mode().Perm())
}

func readInput(stdin io.Reader, name string) (any, error) {
	content, err := readFile(stdin, name)
	if err != nil {
		return nil, fmt.Errorf("reading the input document: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("the input document is not JSON: %w", err)
	}
	return document, nil
}

// readFile reads a file, or the standard input for -.
func readFile(stdin io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

// evalTimeout is long: somebody who tries out a rule wants its answer, and sees
// how long it took.
const evalTimeout = 10 * time.Second

func evalPolicy(cmd *cobra.Command, dir string, document any) error {
	snap, err := promptpolicy.ReadSnapshot(dir)
	if err != nil {
		return err
	}
	decision, took, err := promptpolicy.EvaluateApart(cmd.Context(), snap, document, evalTimeout)
	if _, faulty := errors.AsType[promptpolicy.Faults](err); faulty {
		return printFaults(cmd.OutOrStdout(), dir, err)
	}
	if err != nil {
		return fmt.Errorf("no decision, so the gateway would answer 503: %w", err)
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(decision); err != nil {
		return err
	}
	if took > promptpolicy.DefaultTimeout {
		fmt.Fprintf(cmd.ErrOrStderr(), "it took %s: by default the gateway would have answered 503 after %s\n", took.Round(time.Millisecond), promptpolicy.DefaultTimeout)
	}
	return nil
}

// count writes a number with its noun; the plural adds an s where it is not
// given.
func count(n int, noun ...string) string {
	if n == 1 {
		return "1 " + noun[0]
	}
	if len(noun) > 1 {
		return fmt.Sprintf("%d %s", n, noun[1])
	}
	return fmt.Sprintf("%d %ss", n, noun[0])
}
