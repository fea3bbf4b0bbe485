package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

	"github.com/odordiff/odordiff/internal/atomicfile"
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
			ctx, stop := untilTold(cmd.Context())
			defer stop()
			if err := m.open(); err != nil {
				return err
			}
			m.out = cmd.OutOrStdout()
			fmt.Fprintln(m.out, "signer", m.repository.Key.Signer())
			err := m.round(ctx)
			return errors.Join(err, m.close(ctx))
		},
	}
	m.addFlags(cmd)
	return cmd
}

// machine backs up a state directory.
type machine struct {
	place
	state, recipients, keep, rate string
	also                          []string // <name>=<path>

	repository *backup.Repository
	retention  *backup.Keep // nil keeps everything
	log        *slog.Logger
	out        io.Writer
	copies     copies
	unlock     func() error
}

func (m *machine) addFlags(cmd *cobra.Command) {
	m.place.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&m.state, "state", stateDir(), "the directory to back up")
	flags.StringVar(&m.recipients, "recipients", os.Getenv("ODORDIFF_BACKUP_RECIPIENTS"), "age recipients that can open the backup, with commas between")
	flags.StringArrayVar(&m.also, "also", nil, "another file or folder to back up, such as Caddyfile=/etc/odordiff/Caddyfile; may be repeated")
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
	rate := uint64(0)
	if m.rate != "" {
		if rate, err = humanize.ParseBytes(m.rate); err != nil {
			return fmt.Errorf("--rate: %w", err)
		}
	}
	m.repository.Target = backup.Bounded(m.repository.Target, int64(rate))
	if m.state, err = filepath.EvalSymlinks(m.state); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	key, err := backup.LoadKey(backupKeyFile(m.state))
	if err != nil {
		return err
	}
	if m.unlock, err = backup.Lock(filepath.Join(m.state, "backup", "lock")); err != nil {
		return err
	}
	// What a drill that was broken off has left is as secret as the state.
	if err := os.RemoveAll(m.scratch()); err != nil {
		return err
	}
	m.repository.Key, m.repository.Signer = key, key.Signer()
	m.repository.Recipients = append(m.repository.Recipients, recipients...)
	m.repository.Recipients = append(m.repository.Recipients, key.Recipient())
	m.repository.Identities = []age.Identity{key.Identity()}
	m.out = io.Discard
	m.copies.configs = m.databases
	return nil
}

func (m *machine) scratch() string { return filepath.Join(m.state, "backup", "scratch") }

// close copies what is left, and lets others back up the state directory.
func (m *machine) close(ctx context.Context) error {
	return errors.Join(m.copies.close(ctx), m.unlock())
}

// round takes a snapshot, brings the copies of the databases up to date, makes
// a drill of both and prunes. What fails does not keep the rest from being
// done.
func (m *machine) round(ctx context.Context) error {
	databases, failed := m.copyDatabases(ctx)
	sources, err := m.sources(databases)
	if err != nil {
		return errors.Join(failed, err)
	}
	result, err := m.repository.Take(ctx, sources...)
	if err != nil {
		return errors.Join(failed, fmt.Errorf("taking a snapshot: %w", err))
	}
	fmt.Fprintf(m.out, "snapshot %s: %s, %s, of which %s are new\n",
		result.ID, count(result.Files, "file"), size(result.Bytes), size(result.Added))
	for _, path := range result.Skipped {
		fmt.Fprintf(m.out, "  %s is no file: left out\n", path)
	}
	if err := m.copies.follow(ctx, m.repository, sources, result); err != nil {
		return errors.Join(failed, err)
	}
	if failed != nil {
		return failed
	}
	err = m.drill(ctx, result.ID, databases)
	// What the target has may be damaged: the next round stores everything anew.
	m.repository.Anew = errors.Is(err, backup.ErrDamaged)
	if err != nil {
		return fmt.Errorf("the drill failed: %w", err)
	}
	return m.prune(ctx)
}

// copyDatabases brings the copies up to date. Where the recipients are others
// than the last time, it copies everything for them.
func (m *machine) copyDatabases(ctx context.Context) ([]string, error) {
	databases, err := m.copies.databases(ctx)
	if err != nil {
		return databases, err
	}
	for _, database := range databases {
		fmt.Fprintf(m.out, "database %s: copied\n", database)
	}
	file := filepath.Join(m.state, "backup", "recipients")
	before, err := os.ReadFile(file)
	if string(before) == m.recipients || errors.Is(err, fs.ErrNotExist) && len(databases) == 0 {
		return databases, nil
	}
	if err := m.copies.snapshots(ctx); err != nil {
		return databases, err
	}
	return databases, atomicfile.Replace(file, []byte(m.recipients), 0o600)
}

// sources returns what a snapshot holds.
func (m *machine) sources(databases []string) ([]backup.Source, error) {
	sources, err := sourcesOf(m.state, databases)
	if err != nil {
		return nil, err
	}
	for _, also := range m.also {
		name, path, ok := strings.Cut(also, "=")
		if _, err := os.Stat(path); !ok || err != nil {
			return nil, errors.Join(fmt.Errorf("--also: %q is not <name>=<path> of something that is there", also), err)
		}
		if slices.ContainsFunc(sources, func(s backup.Source) bool { return s.Name == name }) {
			return nil, fmt.Errorf("--also: the state directory has a %q, too: give another name", name)
		}
		sources = append(sources, backup.Source{Name: name, Path: path})
	}
	return sources, nil
}

// databases returns how the databases of the state directory are copied.
func (m *machine) databases() ([]replica.Config, error) {
	paths, err := databasesOf(m.state)
	if err != nil {
		return nil, err
	}
	configs := make([]replica.Config, len(paths))
	for i, path := range paths {
		configs[i] = m.database(path)
	}
	return configs, nil
}

func (m *machine) database(path string) replica.Config {
	return replica.Config{
		Path: filepath.Join(m.state, filepath.FromSlash(path)), Name: path, Target: m.repository.Target,
		Key: m.repository.Key, Signer: m.repository.Signer,
		Recipients: m.repository.Recipients, Identities: m.repository.Identities, Log: m.log,
	}
}

// drill restores everything into a scratch folder and looks at it.
func (m *machine) drill(ctx context.Context, id string, databases []string) error {
	scratch := m.scratch()
	if err := os.MkdirAll(scratch, 0o700); err != nil {
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
	to := filepath.Join(scratch, filepath.Base(config.Name))
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
