package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/backup/replica"
)

func backupNowCommand() *cobra.Command {
	m := new(machine)
	cmd := &cobra.Command{
		Use:   "now --target <target> --recipients <recipients>",
		Short: "Backs up the state directory once",
		Long: `Takes a snapshot of the state directory, copies the databases in it, restores all of that
into a scratch folder and looks whether it is sound. If it is not, that is an error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := m.open(); err != nil {
				return err
			}
			m.out = cmd.OutOrStdout()
			fmt.Fprintln(m.out, "signer", m.repository.Key.Signer())
			err := m.round(cmd.Context())
			return errors.Join(err, m.copies.close(cmd.Context()))
		},
	}
	m.addFlags(cmd)
	return cmd
}

// machine backs up a state directory.
type machine struct {
	place
	state, recipients, keep, rate string

	repository *backup.Repository
	retention  *backup.Keep // nil keeps everything
	log        *slog.Logger
	out        io.Writer
	copies     copies
}

func (m *machine) addFlags(cmd *cobra.Command) {
	m.place.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&m.state, "state", stateDir(), "the directory to back up")
	flags.StringVar(&m.recipients, "recipients", os.Getenv("ODORDIFF_BACKUP_RECIPIENTS"), "age recipients that can open the backup, with commas between")
	flags.StringVar(&m.keep, "keep", "", "which snapshots to keep (default: all), such as "+defaultKeep)
	flags.StringVar(&m.rate, "rate", "", "how much to write in a second at most, such as 10MB")
}

// open reads the flags. The machine has an identity of its own beside those of
// the operators, for its drills.
func (m *machine) open() error {
	recipients, err := parseRecipients(m.recipients)
	if err != nil {
		return err
	}
	if m.repository, err = m.place.open(); err != nil {
		return err
	}
	if m.keep != "" {
		keep, err := backup.ParseKeep(m.keep)
		if err != nil {
			return fmt.Errorf("--keep: %w", err)
		}
		m.retention = &keep
	}
	if m.rate != "" {
		rate, err := humanize.ParseBytes(m.rate)
		if err != nil {
			return fmt.Errorf("--rate: %w", err)
		}
		m.repository.Rate = int64(rate)
	}
	key, err := backup.LoadKey(backupKeyFile(m.state))
	if err != nil {
		return err
	}
	m.repository.Key, m.repository.Signer = key, key.Signer()
	m.repository.Recipients = append(recipients, key.Recipient())
	m.repository.Identities = []age.Identity{key.Identity()}
	m.out = io.Discard
	return nil
}

// round takes a snapshot, brings the copies of the databases up to date, makes
// a drill of both and prunes.
func (m *machine) round(ctx context.Context) error {
	databases, err := databasesOf(m.state)
	if err != nil {
		return err
	}
	for _, database := range databases {
		if err := m.copies.database(ctx, m.database(database)); err != nil {
			return err
		}
		fmt.Fprintf(m.out, "database %s: copied\n", database)
	}
	sources, err := sourcesOf(m.state)
	if err != nil {
		return err
	}
	result, err := m.repository.Take(ctx, sources...)
	if err != nil {
		return fmt.Errorf("taking a snapshot: %w", err)
	}
	fmt.Fprintf(m.out, "snapshot %s: %s, %s, of which %s are new\n",
		result.ID, count(result.Files, "file"), size(result.Bytes), size(result.Added))
	for _, path := range result.Skipped {
		fmt.Fprintf(m.out, "  %s is no file: left out\n", path)
	}
	if err := m.copies.follow(ctx, m.repository, sources, result); err != nil {
		return err
	}
	if err := m.drill(ctx, result.ID, databases); err != nil {
		return fmt.Errorf("the drill failed: %w", err)
	}
	return m.prune(ctx)
}

func (m *machine) database(path string) replica.Config {
	return replica.Config{
		Path: filepath.Join(m.state, filepath.FromSlash(path)), Name: path, Target: m.repository.Target,
		Recipients: m.repository.Recipients, Identities: m.repository.Identities, Log: m.log,
	}
}

// drill restores everything into a scratch folder and looks at it.
func (m *machine) drill(ctx context.Context, id string, databases []string) error {
	scratch, err := os.MkdirTemp("", "odordiff-drill-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	begun := time.Now()
	drilled, err := m.repository.Drill(ctx, id, scratch, checks)
	if err != nil {
		return err
	}
	found := drilled.Found
	for _, database := range databases {
		if found[database], err = drillDatabase(ctx, m.database(database), scratch); err != nil {
			return err
		}
	}
	fmt.Fprintf(m.out, "drill: %s restored in %s\n", count(drilled.Restored.Files, "file"), time.Since(begun).Round(time.Millisecond))
	for _, part := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(m.out, "  %s: %s\n", part, found[part])
	}
	return nil
}

// drillDatabase restores a database, checks its integrity and counts its rows.
func drillDatabase(ctx context.Context, config replica.Config, scratch string) (string, error) {
	to := filepath.Join(scratch, filepath.Base(config.Path))
	if err := replica.Restore(ctx, config, to, time.Time{}); err != nil {
		return "", err
	}
	rows, err := replica.Rows(ctx, to)
	if err != nil {
		return "", fmt.Errorf("%s: %w", config.Name, err)
	}
	var all []string
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, fmt.Sprintf("%s %d", table, rows[table]))
	}
	return "sound; rows: " + strings.Join(all, ", "), os.Remove(to)
}

func (m *machine) prune(ctx context.Context) error {
	if m.retention == nil {
		return nil
	}
	pruned, err := m.repository.Prune(ctx, *m.retention)
	if err != nil {
		return fmt.Errorf("pruning: %w", err)
	}
	if pruned.Snapshots+pruned.Objects > 0 {
		fmt.Fprintf(m.out, "pruned: %s, %s\n", count(pruned.Snapshots, "snapshot"), count(pruned.Objects, "object"))
	}
	return nil
}
