package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/doctor"
)

func init() {
	register("doctor", "[--url <edge>] [--cacert <file>] [--token-file <file>] [--live] [--quiet]",
		"Probes a running edge and prints what works",
		`Probes a running edge from outside, as a client would: TLS, health, headers,
what must be refused, and a real request. It exits with 1 when a probe fails.

With the defaults it examines what "odordiff up" started.`,
		func(cmd *cobra.Command) {
			opts := new(doctorOptions)
			flags := cmd.Flags()
			flags.StringVar(&opts.url, "url", "https://localhost:8443", "the edge")
			flags.StringVar(&opts.rootFile, "cacert", "", "PEM file of the certificate authority (default: the state folder's, if there is one)")
			flags.StringVar(&opts.tokenFile, "token-file", "", "file of a bearer token (default: the development credential, if there is one)")
			flags.BoolVar(&opts.live, "live", false, "only ask whether the gateway is alive, as a container's health check does")
			flags.BoolVar(&opts.quiet, "quiet", false, "print only what fails")
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return opts.run(cmd.Context(), cmd.OutOrStdout()) }
		})
}

type doctorOptions struct {
	url, rootFile, tokenFile string
	live, quiet              bool
}

func (o *doctorOptions) run(ctx context.Context, out io.Writer) error {
	if ctx == nil {
		ctx = context.Background()
	}
	token, err := fileOr(o.tokenFile, credentialFile(stateDir()))
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	root := o.rootFile
	if root == "" {
		if _, err := os.Stat(rootCertificate(stateDir())); err == nil {
			root = rootCertificate(stateDir())
		}
	}
	doc, err := doctor.New(doctor.Config{URL: o.url, RootFile: root, Credential: token})
	if err != nil {
		return err
	}
	defer doc.Close()
	if o.live {
		return report(out, []doctor.Finding{doc.Live(ctx)}, o.quiet)
	}
	return report(out, doc.Examine(ctx), o.quiet)
}

// report prints the findings and returns an error when one failed.
func report(out io.Writer, findings []doctor.Finding, quiet bool) error {
	failures := 0
	for _, f := range findings {
		switch {
		case f.Err != nil:
			failures++
			fmt.Fprintf(out, "✗ %s: %v\n", f.Name, f.Err)
		case quiet:
		case f.Skipped:
			fmt.Fprintf(out, "- %s: skipped: %s\n", f.Name, f.Detail)
		default:
			fmt.Fprintf(out, "✓ %s: %s\n", f.Name, f.Detail)
		}
	}
	if failures > 0 {
		return fmt.Errorf("%d of %d probes failed", failures, len(findings))
	}
	return nil
}

// fileOr returns the content of the named file, or of the default one, which may be missing.
func fileOr(name, fallback string) (string, error) {
	if name != "" {
		content, err := os.ReadFile(name)
		return string(content), err
	}
	content, err := os.ReadFile(fallback)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(content), err
}
