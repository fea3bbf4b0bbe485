package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
			repository, err := at.open()
			if err != nil {
				return err
			}
			head, err := pick(cmd.Context(), repository, strings.Join(args, ""), time.Time{})
			if err != nil {
				return err
			}
			drilled, err := repository.Drill(cmd.Context(), head.ID, scratch, checks)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s (%s) restored in %s, as they were\n", head.ID,
				count(drilled.Restored.Files, "file"), size(drilled.Restored.Bytes), drilled.Took.Round(time.Millisecond))
			for _, part := range slices.Sorted(maps.Keys(drilled.Found)) {
				fmt.Fprintf(cmd.OutOrStdout(), "  %s: %s\n", part, drilled.Found[part])
			}
			return nil
		},
	}
	at.addReaderFlags(cmd)
	cmd.Flags().StringVar(&scratch, "scratch", "", "where to make the scratch folder (default: the system's)")
	return cmd
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
	ctx, out := cmd.Context(), cmd.OutOrStdout()
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
	files, databases, err := r.choose(ctx)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		head, err := r.repository.Find(ctx, r.time)
		if err != nil {
			return err
		}
		_, signer, err := r.repository.Contents(ctx, head.ID)
		if err != nil {
			return err
		}
		restored, err := r.repository.Restore(ctx, head.ID, r.to, files...)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "snapshot %s, signed by %s: %s (%s) restored in %s\n", head.ID, signer,
			count(restored.Files, "file"), size(restored.Bytes), restored.Took.Round(time.Millisecond))
	}
	for _, database := range databases {
		begun := time.Now()
		to := filepath.Join(r.to, filepath.FromSlash(database))
		if err := replica.Restore(ctx, r.database(database), to, r.time); err != nil {
			return err
		}
		fmt.Fprintf(out, "database %s restored in %s\n", database, time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

func (r *restoring) database(name string) replica.Config {
	return replica.Config{Name: name, Target: r.repository.Target, Identities: r.repository.Identities}
}

// choose returns which parts and which databases to restore.
func (r *restoring) choose(ctx context.Context) (files, databases []string, err error) {
	if databases, err = replica.Names(ctx, r.repository.Target); err != nil {
		return nil, nil, err
	}
	head, err := r.repository.Find(ctx, r.time)
	if err != nil {
		return nil, nil, err
	}
	manifest, _, err := r.repository.Contents(ctx, head.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, part := range manifest.Parts {
		files = append(files, part.Name)
	}
	if len(r.only) == 0 {
		return files, databases, nil
	}
	var chosenFiles, chosenDatabases []string
	for _, name := range r.only {
		switch {
		case slices.Contains(files, name):
			chosenFiles = append(chosenFiles, name)
		case slices.Contains(databases, name):
			chosenDatabases = append(chosenDatabases, name)
		default:
			return nil, nil, fmt.Errorf("--only: the backup has no %q; it has %q", name, append(files, databases...))
		}
	}
	return chosenFiles, chosenDatabases, nil
}
