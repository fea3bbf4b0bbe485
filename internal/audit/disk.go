package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

// disk is what a trail writes to. Tests make it fail.
type disk interface {
	// create makes a file that must not be there.
	create(path string) (file, error)
	remove(path string) error
	// replace makes a file that is there whole or not at all.
	replace(path string, content []byte) error
	syncFolder(path string) error
}

// file is a segment that is being written.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
	Stat() (os.FileInfo, error)
}

// system is the disk of the operating system.
type system struct{}

func (system) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
}

func (system) remove(path string) error { return os.Remove(path) }

func (system) replace(path string, content []byte) error {
	return atomicfile.Replace(path, content, 0o600)
}

func (system) syncFolder(path string) error { return atomicfile.SyncFolder(path) }

// makeFolder makes a folder and those above it that are missing, and sees their
// names to the disk.
func makeFolder(on disk, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if err := makeFolder(on, parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return on.syncFolder(parent)
}

// lock keeps other processes from writing to the folder's trail.
func lock(folder string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the trail: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking the trail: %w: another process writes to %s: give each its own folder", err, folder)
	}
	return file, nil
}
