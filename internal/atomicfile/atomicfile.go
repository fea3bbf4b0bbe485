// Package atomicfile writes files that are there whole or not at all: neither a
// reader nor a crash ever meets half of one.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Both see the file and its name to the disk before they return. After an
// error of the last step, which syncs the directory, the file is there already.

// Create makes a file with the content and the permissions, whatever the umask.
// Where the path is taken it changes nothing, and the error wraps
// [fs.ErrExist]. The directory must exist.
func Create(path string, content []byte, mode fs.FileMode) error {
	// Unlike a rename, a link fails where its name is taken.
	return write(path, content, mode, os.Link)
}

// Replace is [Create], but takes the place of a file that is there.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Rename)
}

// write fills a temporary file beside the path, sees it to the disk and has
// publish give it its name.
func write(path string, content []byte, mode fs.FileMode, publish func(from, to string) error) error {
	// which only its owner can read
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // unless it was renamed
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := publish(temporary.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder sees the names in a directory to the disk: a new file whose
// directory was not synced can be gone after a loss of power, however well its
// content was.
func SyncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the caller says where
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
