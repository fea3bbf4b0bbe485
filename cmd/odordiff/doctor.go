package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/doctor"
	"github.com/odordiff/odordiff/internal/keyring"
)

// doctorsLifetime is how long the token that the doctor makes is valid.
const doctorsLifetime = 5 * time.Minute

func init() {
	register("doctor", "[--url <edge>] [--cacert <file>] [--token-file <file>] [--keyring <file>] [--live] [--quiet]",
		"Probes a running edge and prints what works",
		`Probes a running edge from outside, as a client would: TLS, health, headers,
what must be refused, and real requests, with a token and signed. They have to be
answered by the backend itself, now. It exits with 1 when a probe fails.

With the defaults it examines what "odordiff up" started, with a token of a few
minutes that it makes with the keyring of the state directory. With --token-file, for
an edge elsewhere, it leaves that keyring alone.`,
		func(cmd *cobra.Command) {
			opts := new(doctorOptions)
			flags := cmd.Flags()
			flags.StringArrayVar(&opts.urls, "url", []string{"https://localhost:8443"}, "the edge; with --live it may be repeated, and one that is alive is enough")
			flags.StringVar(&opts.rootFile, "cacert", "", "PEM file of the certificate authority (default: the state directory's, if there is one)")
			flags.StringVar(&opts.tokenFile, "token-file", "", "file of a bearer token, of the scopes generate and operator (default: one made with the keyring)")
			flags.StringVar(&opts.keyring, "keyring", "", "keyring of which a key signs a request (default: the state directory's, if there is one and no --token-file)")
			flags.BoolVar(&opts.live, "live", false, "only ask whether the gateway is alive, as a container's health check does")
			flags.BoolVar(&opts.quiet, "quiet", false, "print only what fails")
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return opts.run(cmd.Context(), cmd.OutOrStdout()) }
		})
}

type doctorOptions struct {
	urls                         []string
	rootFile, tokenFile, keyring string
	live, quiet                  bool
}

func (o *doctorOptions) run(ctx context.Context, out io.Writer) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if o.live {
		return o.askAlive(ctx, out)
	}
	if len(o.urls) != 1 {
		return errors.New("--url: name one edge, or ask with --live")
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	doc, err := doctor.New(cfg)
	if err != nil {
		return err
	}
	defer doc.Close()
	return report(out, doc.Examine(ctx), o.quiet)
}

// askAlive asks each edge. A container of the image has one of several roles,
// and its health check cannot know which.
func (o *doctorOptions) askAlive(ctx context.Context, out io.Writer) error {
	findings := make([]doctor.Finding, 0, len(o.urls))
	for _, url := range o.urls {
		doc, err := doctor.New(doctor.Config{URL: url, RootFile: o.root()})
		if err != nil {
			return err
		}
		alive := doc.Live(ctx)
		doc.Close()
		if alive.Err == nil {
			return report(out, []doctor.Finding{alive}, o.quiet)
		}
		findings = append(findings, alive)
	}
	return report(out, findings, o.quiet)
}

// root is the certificate authority to trust besides the system's, or "".
func (o *doctorOptions) root() string {
	if o.rootFile != "" {
		return o.rootFile
	}
	if _, err := os.Stat(rootCertificate(stateDir())); err != nil {
		return ""
	}
	return rootCertificate(stateDir())
}

func (o *doctorOptions) config() (doctor.Config, error) {
	cfg := doctor.Config{URL: o.urls[0], RootFile: o.root()}
	if o.tokenFile != "" {
		content, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return cfg, fmt.Errorf("--token-file: %w", err)
		}
		cfg.Credential = string(content)
	}
	file := o.keyringFile()
	if file == "" {
		return cfg, nil
	}
	return cfg, addKeys(&cfg, file)
}

// keyringFile is the keyring to use, or "". If a token is given, the edge is
// not this machine's, so this machine's keys are not used.
func (o *doctorOptions) keyringFile() string {
	if o.keyring != "" || o.tokenFile != "" {
		return o.keyring
	}
	file := keyringFile(stateDir())
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// addKeys fills in what the keyring is good for.
func addKeys(cfg *doctor.Config, file string) error {
	keys, err := keyring.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = keys.Close() }()
	now := time.Now()
	if key, ok := keys.First(keyring.HMACSHA256, now); ok {
		cfg.Key = &key
	}
	if _, ok := keys.First(keyring.HS256, now); !ok {
		return nil
	}
	minted, err := (&tokenOptions{
		choice: keyChoice{file: file}, issuer: "odordiff", audience: []string{"odordiff"},
		scopes: []string{"generate", "operator"}, ttl: doctorsLifetime,
	}).mint(now)
	if err != nil {
		return fmt.Errorf("making a token: %w", err)
	}
	cfg.Operator = minted
	cfg.Credential = cmp.Or(cfg.Credential, minted)
	return nil
}

// report prints the findings and returns an error when one failed.
func report(out io.Writer, findings []doctor.Finding, quiet bool) error {
	failures := 0
	for _, f := range findings {
		switch {
		case f.Err != nil:
			failures++
			fmt.Fprintf(out, "✗ %s: %v\n", f.Name, f.Err)
		case f.Warning:
			fmt.Fprintf(out, "! %s, but: %s\n", f.Name, f.Detail)
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
