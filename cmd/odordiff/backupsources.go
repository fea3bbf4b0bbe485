package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/keyring"
)

// sourcesOf returns what a snapshot of a state directory holds: each entry is a
// part by itself, but for the databases, which are copied while they are
// written.
func sourcesOf(state string, databases []string) ([]backup.Source, error) {
	entries, err := os.ReadDir(state)
	if err != nil {
		return nil, fmt.Errorf("reading the state directory: %w", err)
	}
	var sources []backup.Source
	for _, entry := range entries {
		name := entry.Name()
		without := func(below string) bool { return isTransient(path.Join(name, below), databases) }
		if !without("") {
			sources = append(sources, backup.Source{Name: name, Path: filepath.Join(state, name), Without: without})
		}
	}
	return sources, nil
}

// isTransient reports whether a path in the state directory is no part of the
// state by itself: a database and what lies beside it, a lock, what is being
// written, or what a drill has restored.
func isTransient(at string, databases []string) bool {
	name := path.Base(at)
	switch {
	case strings.HasPrefix(name, ".new-"), strings.HasPrefix(name, ".restore-"), strings.HasSuffix(name, "-litestream"):
		return true
	case name == audit.SignedFileOf(audit.KeyFileOf("")):
		// A restored trail lies behind it.
		return true
	case at == "caddy/locks", at == "backup/lock", at == "backup/scratch":
		return true
	}
	for _, ending := range []string{"", "-wal", "-shm", "-journal"} {
		if database, ok := strings.CutSuffix(at, ending); ok && slices.Contains(databases, database) {
			return true
		}
	}
	return false
}

// databaseEnding is how the names of databases end.
const databaseEnding = ".db"

// databasesOf returns the databases of a state directory, by their paths in it.
func databasesOf(state string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(state, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreMissing(err)
		}
		relative, err := filepath.Rel(state, at)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if entry.IsDir() && isTransient(relative, nil) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || !strings.HasSuffix(at, databaseEnding) {
			return nil
		}
		is, err := isDatabase(at)
		if is {
			found = append(found, relative)
		}
		return ignoreMissing(err)
	})
	return found, err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// isDatabase reports whether a file is one of SQLite's. One that is still empty
// is not yet: whoever makes it would find foreign tables in it.
func isDatabase(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	magic := []byte("SQLite format 3\x00")
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(file, start); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return bytes.Equal(start, magic), nil
}

// checks are how a drill looks into what it has restored.
var checks = map[string]backup.Check{
	"keyring.json": func(_ context.Context, path string) (string, error) {
		keys, err := keyring.Open(path)
		if err != nil {
			return "", err
		}
		return "can be read", keys.Close()
	},
	trailFolder: checkTrails,
}

// checkTrails verifies the restored trails of all gateways.
func checkTrails(_ context.Context, path string) (string, error) {
	trails, err := audit.Trails(path)
	if err != nil {
		return "", err
	}
	var found []string
	for _, trail := range trails {
		report, err := audit.Read(trail, audit.ReadOptions{})
		if err != nil {
			return "", err
		}
		of := ""
		if name, err := filepath.Rel(path, trail); err == nil && name != "." {
			of = name + ": "
		}
		for _, fault := range report.Faults {
			return "", errors.New(of + fault.String())
		}
		found = append(found, fmt.Sprintf("%srecords %d to %d: no fault", of, report.First, report.Last))
	}
	return cmp.Or(strings.Join(found, ", "), "no trail yet"), nil
}
