package main

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/audit"
)

func init() {
	register("audit", "verify|decrypt|tail|query|export|checkpoint|rotate-key ...",
		"Verifies and reads the audit trail",
		`The audit trail is a folder of segments with security events, chained by hashes
and signed. Whoever reads it with these commands verifies it on the way: what is
wrong is printed, and the command fails. The gateway may be running meanwhile.`,
		func(cmd *cobra.Command) {
			group(cmd, auditVerifyCommand(), auditDecryptCommand(), auditTailCommand(), auditQueryCommand(),
				auditExportCommand(), auditCheckpointCommand(), auditRotateKeyCommand())
		})
}

// trailChoice says which trail a command reads, and with which keys.
type trailChoice struct{ folder, identity, checkpoint, key string }

func (c *trailChoice) addFolder(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.folder, "folder", "", "the trail's folder (default: what ODORDIFF_AUDIT names, or audit in the state directory)")
}

func (c *trailChoice) addIdentity(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&c.identity, "identity", "i", "", "the file with the private key of a recipient, of age-keygen or SSH")
}

func (c *trailChoice) addAnchors(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.checkpoint, "checkpoint", "", "a checkpoint that was kept elsewhere: a file, or - for the standard input")
	cmd.Flags().StringVar(&c.key, "key", "", "the public key that the trail is known to be signed with, in base64")
}

// path returns the folder that is asked for. Where several gateways keep their
// trails below it, it asks which.
func (c *trailChoice) path() (string, error) {
	chosen := cmp.Or(c.folder, os.Getenv("ODORDIFF_AUDIT"))
	folder := cmp.Or(chosen, filepath.Join(stateDir(), trailFolder))
	trails, err := audit.Trails(folder)
	switch {
	case err != nil:
		return "", err
	case len(trails) == 0:
		return folder, nil
	case len(trails) == 1:
		return trails[0], nil
	case chosen == trails[0]:
		return chosen, nil
	}
	return "", fmt.Errorf("there are %d trails, say which: --folder %s", len(trails), strings.Join(trails, ", --folder "))
}

// signingKey returns the file of the signing key: the one that is named, or
// that in the trail's folder.
func (c *trailChoice) signingKey(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	folder, err := c.path()
	return audit.KeyFileOf(folder), err
}

// options returns what the flags say about reading.
func (c *trailChoice) options(cmd *cobra.Command) (options audit.ReadOptions, err error) {
	if c.identity != "" {
		if options.Identities, err = audit.ReadIdentities(c.identity); err != nil {
			return options, fmt.Errorf("--identity: %w", err)
		}
	}
	if c.key != "" {
		options.Key, err = base64.StdEncoding.DecodeString(c.key)
		if err != nil || len(options.Key) != ed25519.PublicKeySize {
			return options, errors.New("--key: not an Ed25519 public key in base64: `odordiff audit verify` prints that of a trail")
		}
	}
	if c.checkpoint != "" {
		text, err := readFile(cmd.InOrStdin(), c.checkpoint)
		if err == nil {
			options.Checkpoint, err = audit.ParseCheckpoint(text)
		}
		if err != nil {
			return options, fmt.Errorf("--checkpoint: %w", err)
		}
	}
	return options, nil
}

// read reads the trail, and has visit print its events. It prints what is wrong
// with the trail.
func (c *trailChoice) read(cmd *cobra.Command, options audit.ReadOptions) (*audit.Report, error) {
	folder, err := c.path()
	if err != nil {
		return nil, err
	}
	report, err := audit.Read(folder, options)
	if err != nil {
		return nil, err
	}
	return report, printAuditFaults(cmd.ErrOrStderr(), report, options.Identities)
}

func printAuditFaults(w io.Writer, report *audit.Report, identities []age.Identity) error {
	for _, fault := range report.Faults {
		fmt.Fprintln(w, fault)
	}
	if n := len(report.Faults) + report.More; n > 0 {
		return fmt.Errorf("the trail is not as it was written: %d faults", n)
	}
	if report.Unopened > 0 && identities != nil {
		return fmt.Errorf("%d events are sealed to others than this identity", report.Unopened)
	}
	return nil
}

func auditVerifyCommand() *cobra.Command {
	var trail trailChoice
	cmd := &cobra.Command{
		Use:   "verify [--folder <folder>] [--checkpoint <file>] [--key <public key>]",
		Short: "Says whether the trail is as it was written",
		Long: `Finds any change, deletion, insertion and reordering of records, and says where.
That takes no key, also where events are encrypted. That the end of the trail was cut
off, or all of it replaced, only a checkpoint shows that was kept elsewhere:
` + "`odordiff audit checkpoint`" + ` prints one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := trail.options(cmd)
			if err != nil {
				return err
			}
			report, err := trail.read(cmd, options)
			if err != nil {
				return err
			}
			printReport(cmd.OutOrStdout(), report, options.Checkpoint)
			return nil
		},
	}
	trail.addFolder(cmd)
	trail.addAnchors(cmd)
	return cmd
}

func printReport(w io.Writer, r *audit.Report, anchor *audit.Checkpoint) {
	fmt.Fprintf(w, "trail %s\nrecords %d to %d, of them %d events: no fault\n", r.Trail, r.First, r.Last, r.Events)
	if r.Signed > 0 {
		fmt.Fprintf(w, "signed up to record %d at %s\n", r.Signed, r.SignedAt.Format(time.RFC3339))
	}
	fmt.Fprintf(w, "public key %s\n", base64.StdEncoding.EncodeToString(r.Key))
	switch {
	case anchor == nil:
		fmt.Fprintln(w, "no checkpoint was given: whether the end was cut off is not known")
	case r.Anchored:
		fmt.Fprintf(w, "up to record %d as the checkpoint of %s says\n", anchor.Seq(), anchor.Time().Format(time.RFC3339))
	}
	if r.Lost > 0 {
		fmt.Fprintf(w, "%d events could not be recorded: `odordiff audit query --event trail.gap` says when\n", r.Lost)
	}
	if r.Deleted > 0 {
		fmt.Fprintf(w, "segments up to %d were deleted because they were old\n", r.Deleted)
	}
	if r.ClockSteps > 0 {
		fmt.Fprintf(w, "the clock went back %d times\n", r.ClockSteps)
	}
	if r.TakenOut > 0 {
		fmt.Fprintf(w, "%d bytes were taken out of the ends of segments at starts: a process had been killed while it wrote them\n", r.TakenOut)
	}
	if r.Torn > 0 {
		fmt.Fprintf(w, "%d bytes at the end are not a whole record: it is being written, or the process was killed\n", r.Torn)
	}
}

func auditCheckpointCommand() *cobra.Command {
	var trail trailChoice
	cmd := &cobra.Command{
		Use:   "checkpoint [--folder <folder>]",
		Short: "Prints the last signature as a checkpoint to be kept elsewhere",
		Long: `Verifies the trail and prints its last signature as a signed note. Keep it where
whoever can change the trail cannot change it: with it, ` + "`odordiff audit verify`" + ` finds
also what is cut off the end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := trail.read(cmd, audit.ReadOptions{})
			if err != nil {
				return err
			}
			if report.Latest == nil {
				return errors.New("the trail has no signature yet")
			}
			fmt.Fprint(cmd.OutOrStdout(), report.Latest)
			return nil
		},
	}
	trail.addFolder(cmd)
	return cmd
}

func auditRotateKeyCommand() *cobra.Command {
	var trail trailChoice
	var file string
	cmd := &cobra.Command{
		Use:   "rotate-key [--folder <folder>] [--key-file <file>]",
		Short: "Makes a new signing key, which the present one endorses",
		Long: `Replaces the signing key by a new one. The trail takes it into use with its next
segment, and the one before is gone. Prints the new public key.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := trail.signingKey(file)
			if err != nil {
				return err
			}
			key, err := audit.RotateKey(file)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), base64.StdEncoding.EncodeToString(key.Public()))
			return nil
		},
	}
	trail.addFolder(cmd)
	cmd.Flags().StringVar(&file, "key-file", "", "the signing key (default: signing-key.json in the trail's folder)")
	return cmd
}
