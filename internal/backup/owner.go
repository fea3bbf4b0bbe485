package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// ownerOf returns who owns a file; nobody where the system does not say it.
func ownerOf(info fs.FileInfo) Owner {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Owner{}
	}
	return Owner{User: int(stat.Uid), Group: int(stat.Gid)}
}

// give gives a restored file or folder to its owner, and sets its permissions.
// Only root can give files to others.
func give(at string, owner Owner, mode fs.FileMode) error {
	if os.Geteuid() == 0 {
		if err := os.Chown(at, owner.User, owner.Group); err != nil {
			return err
		}
	}
	return os.Chmod(at, mode.Perm())
}

// giveFolders makes the folders of a restored part what they were. What is in
// them and was not in the snapshot belongs to whom the part belongs to. A
// folder may be closed to its owner, so those further in come first.
func (p Part) giveFolders(at string) error {
	if len(p.Folders) == 0 {
		return nil // It is a file, or of an earlier version.
	}
	known := make(map[string]bool)
	for _, file := range p.Files {
		known[filepath.Join(at, filepath.FromSlash(file.Path))] = true
	}
	err := filepath.WalkDir(at, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || known[path] {
			return err
		}
		return give(path, p.Folders[0].Owner, 0o600)
	})
	errs := []error{err}
	for _, folder := range slices.Backward(p.Folders) {
		path := filepath.Join(at, filepath.FromSlash(folder.Path))
		errs = append(errs, os.MkdirAll(path, 0o700), give(path, folder.Owner, folder.Mode))
	}
	return errors.Join(errs...)
}
