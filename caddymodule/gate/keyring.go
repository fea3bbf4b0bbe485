package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/keyring"
)

// keyrings are the open keyrings by path. Each file is followed only once.
var keyrings = NewPool[string]((*keyring.Keyring).Close)

// keyringFile returns the path of the configured keyring, or of the one that
// odordiff's commands keep, or "".
func (a *App) keyringFile() string {
	if a.KeyringFile != "" {
		return a.KeyringFile
	}
	state := os.Getenv("ODORDIFF_STATE")
	if state == "" {
		return ""
	}
	file := filepath.Join(state, "keyring.json")
	if _, err := os.Stat(file); err != nil { //nolint:gosec // the operator says where the state is
		return ""
	}
	return file
}

func (a *App) acquireKeyring(file string, logger *zap.Logger) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	a.keyring, err = acquire(a, keyrings, path, func() (*keyring.Keyring, error) {
		return keyring.Open(path, keyring.WithReport(reportKeyring(path)))
	})
	if err != nil {
		return fmt.Errorf("%w; `odordiff keyring init` makes one", err)
	}
	if err := a.keyring.LastError(); err != nil {
		logBrokenKeyring(logger, path, err) // kept over a reload
	}
	a.keyringPath = path
	a.register(healthcheck.Check{Name: "keyring", Run: a.checkKeyring})
	return nil
}

// reportKeyring logs whether a changed file could be read, to the log of the
// config that runs at that time.
func reportKeyring(path string) func(error) {
	return func(err error) {
		recordChange("keyring.changed", path, err)
		logger := caddy.Log().Named("gate.keyring")
		if err != nil {
			logBrokenKeyring(logger, path, err)
			return
		}
		logger.Info("the keyring changed", zap.String("file", path))
	}
}

func logBrokenKeyring(logger *zap.Logger, path string, err error) {
	logger.Error("the keyring is broken: the last good one stays in force", zap.String("file", path), zap.Error(err))
}

func (a *App) checkKeyring(context.Context) healthcheck.Result {
	data := map[string]any{"keys": a.keyring.Len(), "age_seconds": age(a.keyring)}
	if err := a.keyring.LastError(); err != nil {
		return healthcheck.Result{Status: healthcheck.Degraded, Detail: "the file is broken, an earlier one is in force: " + err.Error(), Data: data}
	}
	return healthcheck.Result{Detail: "in force", Data: data}
}
