package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"filippo.io/age"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/atomicfile"
	"github.com/odordiff/odordiff/internal/backup"
)

func init() {
	register("backup", "key|now|run|list|verify|restore|prune ...",
		"Backs up the state directory, and restores it",
		`Keeps snapshots of the state directory on a target, a folder or s3://bucket/prefix, and
copies the databases in it while they are written. Everything is sealed to age
recipients: make an identity with "odordiff backup key" and keep it elsewhere than on
this machine.

The target and the recipients may also come from ODORDIFF_BACKUP_TARGET and
ODORDIFF_BACKUP_RECIPIENTS. docs/operations/backup.md has the whole story.`,
		func(cmd *cobra.Command) {
			group(cmd, backupKeyCommand(), backupNowCommand(), backupRunCommand(), backupListCommand(),
				backupVerifyCommand(), backupRestoreCommand(), backupPruneCommand())
		})
}

func backupKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "key <file>",
		Short: "Makes an age identity, which opens backups",
		Long: `Makes an age identity in a new file and prints its recipient, to which backups are
sealed. Keep the file elsewhere than on this machine: without it no backup can be
restored once the machine is gone.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			identity, err := age.GenerateX25519Identity()
			if err != nil {
				return err
			}
			text := fmt.Sprintf("# recipient: %s\n%s\n", identity.Recipient(), identity)
			if err := atomicfile.Create(args[0], []byte(text), 0o600); err != nil {
				return fmt.Errorf("making the identity: %w", err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), identity.Recipient())
			return nil
		},
	}
}

func backupListCommand() *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "list --target <target>",
		Short: "Lists the snapshots of a target",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			repository, err := at.open()
			if err != nil {
				return err
			}
			heads, err := repository.List(cmd.Context())
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, head := range heads {
				fmt.Fprintf(table, "%s\t%s\t%s\n", head.ID, head.Time.Local().Format(time.DateTime), humanize.Time(head.Time))
			}
			return table.Flush()
		},
	}
	at.addFlags(cmd)
	return cmd
}

func backupPruneCommand() *cobra.Command {
	var (
		at   place
		keep string
	)
	cmd := &cobra.Command{
		Use:   "prune --target <target> --keep <retention>",
		Short: "Removes old snapshots, and what only they need",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			repository, err := at.open()
			if err != nil {
				return err
			}
			retention, err := backup.ParseKeep(keep)
			if err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
			pruned, err := repository.Prune(cmd.Context(), retention)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "removed %s and %s (%s)\n",
				count(pruned.Snapshots, "snapshot"), count(pruned.Objects, "object"), size(pruned.Bytes))
			return nil
		},
	}
	at.addFlags(cmd)
	cmd.Flags().StringVar(&keep, "keep", defaultKeep, "which snapshots to keep")
	return cmd
}

// defaultKeep is which snapshots are kept.
const defaultKeep = "hourly 24, daily 7, weekly 4, monthly 12"

func size(bytes int64) string { return humanize.IBytes(uint64(bytes)) }

// place is where backups are.
type place struct {
	target, signer, identity string
}

func (p *place) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.target, "target", os.Getenv("ODORDIFF_BACKUP_TARGET"),
		"a folder, or s3://bucket/prefix?region=…&endpoint=…, whose credentials are in the environment")
}

// addReaderFlags adds the flags of whoever opens backups.
func (p *place) addReaderFlags(cmd *cobra.Command) {
	p.addFlags(cmd)
	cmd.Flags().StringVar(&p.identity, "identity", os.Getenv("ODORDIFF_BACKUP_IDENTITY"), "file of the age identity that opens the backup")
	cmd.Flags().StringVar(&p.signer, "signer", "", "believe only snapshots of this signer, as `backup now` prints it")
}

func (p *place) open() (*backup.Repository, error) {
	if p.target == "" {
		return nil, errors.New("--target: say where backups are kept: a folder, or s3://bucket/prefix")
	}
	target, err := backup.Open(p.target)
	if err != nil {
		return nil, fmt.Errorf("--target: %w", err)
	}
	repository := &backup.Repository{Target: target, Signer: p.signer}
	if p.identity == "" {
		return repository, nil
	}
	repository.Identities, err = readIdentities(p.identity)
	return repository, err
}

func readIdentities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--identity: %w", err)
	}
	defer file.Close()
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("--identity: %s: %w", path, err)
	}
	return identities, nil
}

// parseRecipients reads recipients that are apart by commas or spaces.
func parseRecipients(text string) ([]age.Recipient, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	if len(words) == 0 {
		return nil, fmt.Errorf("--recipients: %w", backup.ErrNoRecipient)
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(words, "\n")))
	if err != nil {
		return nil, fmt.Errorf("--recipients: %w", err)
	}
	return recipients, nil
}

// pick returns the snapshot with the ID, or the last one at a time.
func pick(ctx context.Context, repository *backup.Repository, id string, at time.Time) (backup.Head, error) {
	if id == "" {
		return repository.Find(ctx, at)
	}
	heads, err := repository.List(ctx)
	if err != nil {
		return backup.Head{}, err
	}
	for _, head := range heads {
		if head.ID == id {
			return head, nil
		}
	}
	return backup.Head{}, fmt.Errorf("%s: %w: `odordiff backup list` shows those there are", id, backup.ErrNone)
}

// backupKeyFile is where the machine's own key of backups is.
func backupKeyFile(state string) string { return filepath.Join(state, "backup", "key.json") }
