package main

import (
	"errors"
	"fmt"
	"syscall"
)

// portError turns the failure to listen on an address into one clear line.
func portError(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another process: stop it, or choose another", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s needs more rights than this user has: choose a port above 1023", address)
	default:
		return err
	}
}
