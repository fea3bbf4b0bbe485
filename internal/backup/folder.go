package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Folder is a target in a folder of this machine, or of one whose files are
// mounted. It must be there: where nothing is mounted, backups would fill the
// disk that they are to outlive.
type Folder string

// unfinished begins the names of files that are being written.
const unfinished = ".new-"

// String implements [Target].
func (f Folder) String() string { return string(f) }

func (f Folder) at(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// Put implements [Target].
func (f Folder) Put(_ context.Context, name string, content io.Reader) error {
	at := f.at(name)
	if err := f.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(at), unfinished+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // unless it was renamed
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", at, err)
	}
	if err := os.Rename(file.Name(), at); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(at))
}

func (f Folder) check() error {
	info, err := os.Stat(string(f))
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder", f)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s: make it, or mount what is to be there", f)
	}
	return err
}

// syncFolder sees to it that a new name outlives a loss of power.
func syncFolder(at string) error {
	folder, err := os.Open(at)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Get implements [Target].
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(f.at(name))
}

// List implements [Target].
func (f Folder) List(ctx context.Context, prefix string) ([]Object, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	var objects []Object
	err := filepath.WalkDir(f.at(path.Dir(prefix+"x")), func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return errors.Join(ignoreMissing(err), ctx.Err())
		}
		relative, err := filepath.Rel(string(f), at)
		name := filepath.ToSlash(relative)
		if err != nil || !strings.HasPrefix(name, prefix) || strings.HasPrefix(entry.Name(), unfinished) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		objects = append(objects, Object{Name: name, Size: info.Size(), Time: info.ModTime()})
		return nil
	})
	return objects, err
}

// Delete implements [Target].
func (f Folder) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := errors.Join(ignoreMissing(os.Remove(f.at(name))), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// ignoreMissing returns nil for an error which says that there is no such file.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
