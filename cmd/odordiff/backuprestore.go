package main

import (
	"context"
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

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/backup/replica"
)

func backupVerifyCommand() *cobra.Command {
	var (
		at      place
		scratch string
	)
	cmd := &cobra.Command{
		Use:   "verify --target <target> --identity <file> [<snapshot>]",
		Short: "Restores into a scratch folder, and looks whether that is sound",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilTold(cmd.Context())
			defer stop()
			repository, err := at.open()
			if err != nil {
				return err
			}
			head, err := pick(ctx, repository, strings.Join(args, ""), time.Time{})
			if err != nil {
				return err
			}
			return verify(ctx, cmd.OutOrStdout(), repository, head.ID, scratch)
		},
	}
	at.addReaderFlags(cmd)
	cmd.Flags().StringVar(&scratch, "scratch", "", "where to make the scratch folder (default: the system's)")
	return cmd
}

// verify restores a snapshot and the databases into a scratch folder, and looks
// whether they are sound.
func verify(ctx context.Context, out io.Writer, repository *backup.Repository, id, scratch string) error {
	folder, err := os.MkdirTemp(scratch, "odordiff-verify-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	drilled, err := repository.Drill(ctx, id, folder, checks)
	if err != nil {
		return err
	}
	databases, err := replica.Names(ctx, repository.Target)
	if err != nil {
		return err
	}
	for _, database := range databases {
		if drilled.Found[database], err = drillDatabase(ctx, databaseOf(repository, database), folder); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s: %s (%s) restored in %s, as they were\n", id,
		count(drilled.Restored.Files, "file"), size(drilled.Restored.Bytes), drilled.Took.Round(time.Millisecond))
	for _, part := range slices.Sorted(maps.Keys(drilled.Found)) {
		fmt.Fprintf(out, "  %s: %s\n", part, drilled.Found[part])
	}
	return nil
}

// databaseOf returns how a database of a repository is restored.
func databaseOf(r *backup.Repository, name string) replica.Config {
	return replica.Config{Name: name, Target: r.Target, Signer: r.Signer, Identities: r.Identities}
}

func backupRestoreCommand() *cobra.Command {
	r := new(restoring)
	cmd := &cobra.Command{
		Use:   "restore --target <target> --identity <file> --to <folder>",
		Short: "Restores a snapshot and the databases of that time",
		Long: `Writes the state directory as it was, at last or at a time, into a folder. It overwrites
nothing: where something is there already, it fails and leaves it alone.

It takes nothing but this binary, the target and the identity's file. A machine that is
new is ready to start with the folder as its state directory.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.run(cmd)
		},
	}
	r.addReaderFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&r.to, "to", "", "the folder to restore to (required)")
	flags.StringVar(&r.at, "at", "", "the time to go back to, such as 2026-05-01T12:00:00Z")
	flags.StringArrayVar(&r.only, "only", nil, "restore this part only; may be repeated")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

// restoring is one restore.
type restoring struct {
	place
	to, at string
	only   []string

	time       time.Time
	repository *backup.Repository
}

func (r *restoring) run(cmd *cobra.Command) (err error) {
	ctx, stop := untilTold(cmd.Context())
	defer stop()
	if r.repository, err = r.open(); err != nil {
		return err
	}
	if len(r.repository.Identities) == 0 {
		return errors.New("--identity: name the file with the age identity that opens the backup")
	}
	if r.at != "" {
		if r.time, err = time.Parse(time.RFC3339, r.at); err != nil {
			return fmt.Errorf("--at: %q is no time such as 2026-05-01T12:00:00Z", r.at)
		}
	}
	head, err := r.repository.Find(ctx, r.time)
	if err != nil {
		return err
	}
	files, databases, signer, err := r.choose(ctx, head)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "snapshot %s, signed by %s\n", head.ID, signer)
	// Whoever signed the snapshot must have signed the databases.
	r.repository.Signer = signer
	return r.restore(ctx, cmd.OutOrStdout(), head, files, databases)
}

// restore writes everything beside its place first: what fails leaves nothing.
func (r *restoring) restore(ctx context.Context, out io.Writer, head backup.Head, files, databases []string) error {
	for _, name := range databases {
		if err := replica.CheckFree(below(r.to, name)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.to, 0o700); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(r.to, ".restore-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	for _, name := range databases {
		begun := time.Now()
		if err := replica.Restore(ctx, databaseOf(r.repository, name), below(scratch, name), r.time); err != nil {
			return fmt.Errorf("%w (--only restores the rest without it)", err)
		}
		fmt.Fprintf(out, "database %s: restored in %s\n", name, time.Since(begun).Round(time.Millisecond))
	}
	if len(files) > 0 {
		restored, err := r.repository.Restore(ctx, head.ID, r.to, files...)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s (%s): restored in %s\n",
			count(restored.Files, "file"), size(restored.Bytes), restored.Took.Round(time.Millisecond))
	}
	for _, name := range databases {
		if err := os.MkdirAll(filepath.Dir(below(r.to, name)), 0o700); err != nil {
			return err
		}
		if err := os.Rename(below(scratch, name), below(r.to, name)); err != nil {
			return err
		}
	}
	return nil
}

// below returns the path of a database in a folder.
func below(folder, name string) string { return filepath.Join(folder, filepath.FromSlash(name)) }

// choose returns which parts of a snapshot and which databases to restore, and
// who signed the snapshot.
func (r *restoring) choose(ctx context.Context, head backup.Head) (files, databases []string, signer string, err error) {
	manifest, signer, err := r.repository.Contents(ctx, head.ID)
	if err != nil {
		return nil, nil, "", err
	}
	for _, part := range manifest.Parts {
		files = append(files, part.Name)
	}
	if databases, err = replica.Names(ctx, r.repository.Target); err != nil {
		return nil, nil, "", err
	}
	if len(r.only) == 0 {
		return files, databases, signer, nil
	}
	for _, name := range r.only {
		if !slices.Contains(files, name) && !slices.Contains(databases, name) {
			return nil, nil, "", fmt.Errorf("--only: the backup has no %q; it has %q", name, append(files, databases...))
		}
	}
	others := func(name string) bool { return !slices.Contains(r.only, name) }
	return slices.DeleteFunc(files, others), slices.DeleteFunc(databases, others), signer, nil
}
