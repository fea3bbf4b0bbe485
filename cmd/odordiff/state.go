package main

import (
	"os"
	"path/filepath"
)

// stateDir is where keys, certificates and policies of this machine are kept.
func stateDir() string { return os.Getenv("ODORDIFF_STATE") }

// defaultStateDir follows the XDG base directory specification.
func defaultStateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "odordiff")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "/var/lib/odordiff"
	}
	return filepath.Join(home, ".local", "state", "odordiff")
}
