package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/keyring"
)

// sourcesOf returns what a snapshot of a state directory holds: each entry is a
// part by itself, but for databases, which are copied while they are written.
func sourcesOf(state string) ([]backup.Source, error) {
	entries, err := os.ReadDir(state)
	if err != nil {
		return nil, fmt.Errorf("reading the state directory: %w", err)
	}
	var sources []backup.Source
	for _, entry := range entries {
		if isTransient(entry.Name()) {
			continue
		}
		sources = append(sources, backup.Source{
			Name: entry.Name(), Path: filepath.Join(state, entry.Name()), Without: isTransient,
		})
	}
	return sources, nil
}

// isTransient reports whether a file is no part of the state by itself: a
// database and what lies beside it, a lock, or a file that is being written.
func isTransient(path string) bool {
	name := filepath.Base(path)
	if name == "." {
		return false
	}
	for _, ending := range []string{databaseEnding, databaseEnding + "-wal", databaseEnding + "-shm", ".lock"} {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return strings.HasPrefix(name, ".") || name == "locks"
}

// databaseEnding is how the names of databases end.
const databaseEnding = ".db"

// databasesOf returns the databases of a state directory, by their paths in it.
func databasesOf(state string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(state, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || !strings.HasSuffix(path, databaseEnding) {
			return nil
		}
		is, err := isDatabase(path)
		if err != nil || !is {
			return err
		}
		relative, err := filepath.Rel(state, path)
		found = append(found, filepath.ToSlash(relative))
		return err
	})
	return found, err
}

// isDatabase reports whether a file is one of SQLite's. A database that has
// just been made is still empty.
func isDatabase(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	magic := make([]byte, 16)
	n, err := io.ReadFull(file, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return n == 0 || bytes.Equal(magic, []byte("SQLite format 3\x00")), nil
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
}
