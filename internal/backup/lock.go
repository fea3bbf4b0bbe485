package backup

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock keeps other processes from backing up the same files, until unlock is
// called or the process ends.
func Lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the backup: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another process backs up the same files: %w (%s)", err, path), file.Close())
	}
	return file.Close, nil
}
