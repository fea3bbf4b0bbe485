package gate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/token"
)

// openKeySets are the open key sets by path. Each file is followed only once.
var openKeySets = NewPool[string]((*token.KeySet).Close)

// KeySet returns the public keys of a JWKS file, which is followed until this
// app's config ends. The first call also registers the app's health check of
// key sets.
func (a *App) KeySet(file string, logger *zap.Logger) (*token.KeySet, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("finding the JWKS file: %w", err)
	}
	if set, ok := a.keySets.all()[path]; ok {
		return set, nil
	}
	set, err := acquire(a, openKeySets, path, func() (*token.KeySet, error) {
		return token.OpenKeySet(path, reportKeySet(path))
	})
	if err != nil {
		return nil, err
	}
	logKeySet(logger.With(zap.String("file", path)), set.Contents(), set.LastError())
	if len(a.keySets.all()) == 0 {
		a.register(healthcheck.Check{Name: "jwks", Run: a.checkKeySets})
	}
	a.keySets.add(path, set)
	return set, nil
}

// keySets are the key sets of a config, by path. They are read while the config
// is still being provisioned.
type keySets struct {
	mu     sync.Mutex
	byPath map[string]*token.KeySet
}

func (k *keySets) add(path string, set *token.KeySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byPath[path] = set
}

func (k *keySets) all() map[string]*token.KeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.byPath)
}

// reportKeySet logs whether a changed file could be read, to the log of the
// config that runs at that time.
func reportKeySet(path string) func(token.Contents, error) {
	return func(now token.Contents, err error) {
		logger := caddy.Log().Named("gate.jwks").With(zap.String("file", path))
		recordChange("jwks.changed", path, err)
		if err == nil {
			logger.Info("the JWKS file changed", zap.Int("keys", now.Keys))
		}
		logKeySet(logger, now, err)
	}
}

func logKeySet(logger *zap.Logger, now token.Contents, err error) {
	if err != nil {
		logger.Error("the JWKS file is broken: its last good keys stay in force", zap.Error(err))
		return
	}
	for _, key := range now.PassedOver {
		if key.OtherUse {
			logger.Info("a key of the JWKS file is for something else", zap.Stringer("key", key))
			continue
		}
		logger.Warn("a key of the JWKS file cannot be used", zap.Stringer("key", key))
	}
	if now.Keys == 0 {
		logger.Error("the JWKS file has no key that can be used: every token for it is refused")
	}
}

// checkKeySets is degraded while a file is broken or has no usable key.
func (a *App) checkKeySets(context.Context) healthcheck.Result {
	result := healthcheck.Result{Detail: "in force", Data: make(map[string]any)}
	var faults []error
	for path, set := range a.keySets.all() {
		now := set.Contents()
		result.Data[path] = map[string]any{"keys": now.Keys, "passed_over": len(now.PassedOver), "age_seconds": age(set)}
		switch err := set.LastError(); {
		case err != nil:
			faults = append(faults, fmt.Errorf("the file is broken, an earlier one is in force: %w", err))
		case now.Keys == 0:
			faults = append(faults, fmt.Errorf("%s has no key that can be used", path))
		}
	}
	if len(faults) > 0 {
		result.Status, result.Detail = healthcheck.Degraded, errors.Join(faults...).Error()
	}
	return result
}
