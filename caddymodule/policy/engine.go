package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

// engines keeps the engine of a directory over reloads: the last good policy
// must not be lost because the directory happens to be broken during a reload.
// The keys are directories, like those of the metrics.
var engines = gate.NewPool[string](pooledEngine.close)

// pooledEngine is closed with the last config that uses it.
type pooledEngine struct {
	*promptpolicy.Engine
	dir string
}

func (p pooledEngine) close() error {
	p.Close()
	forgetMetrics(p.dir)
	return nil
}

func (h *Handler) acquire(ctx context.Context, dir string) error {
	lastGood, err := h.lastGood(dir)
	if err != nil {
		return err
	}
	engine, shared, err := engines.Acquire(dir, func() (pooledEngine, error) {
		engine, err := promptpolicy.Open(ctx, promptpolicy.Options{
			Dir:        dir,
			Conditions: h.conditions(),
			LastGood:   lastGood,
			Admit:      promptpolicy.AdmitApart,
			Report:     func(c promptpolicy.Candidate) { report(dir, c) },
		})
		if err != nil {
			return pooledEngine{}, err
		}
		if status := engine.Status(); len(status.Faults) > 0 {
			recordRefused(dir)
			h.logger.Error("the policy directory is refused: the gateway starts with the last good policy that was kept on disk, which may be old",
				zap.String("dir", dir), zap.String("revision", status.Revision), zap.Time("kept_since", status.KeptSince), zap.Stringers("faults", status.Faults))
		} else {
			recordLive(dir)
		}
		return pooledEngine{engine, dir}, nil
	})
	if err != nil {
		return err
	}
	h.engine = engine.Engine
	h.cleanups = append(h.cleanups, func() error { return engines.Release(dir) })
	status := h.engine.Status()
	if status.NotKept != "" {
		h.logger.Warn("the policy in force could not be kept on disk: a restart with a broken directory would fail",
			zap.String("dir", dir), zap.String("reason", status.NotKept))
	}
	h.logger.Info("policy in force", zap.String("dir", dir), zap.String("revision", status.Revision), zap.Bool("kept_over_reload", shared))
	if shared && len(status.Faults) > 0 {
		h.logger.Warn("the policy directory is still refused", zap.String("dir", dir), zap.Stringers("faults", status.Faults))
	}
	return nil
}

// lastGood returns the file that keeps the last good version of the policy
// directory; "" if none is kept.
func (h *Handler) lastGood(dir string) (string, error) {
	directory := h.LastGood
	if state := os.Getenv(stateVariable); directory == "" && state != "" {
		directory = filepath.Join(state, "last-good-policies")
	}
	if directory == "" || directory == off {
		return "", nil
	}
	digest := sha256.Sum256([]byte(dir))
	return filepath.Abs(filepath.Join(directory, hex.EncodeToString(digest[:8])+".json"))
}

const (
	// stateVariable names the directory of what the program keeps.
	stateVariable = "ODORDIFF_STATE"
	// off is the value of last_good for keeping no version on disk.
	off = "off"
)

// report logs the outcome of a candidate, to the log of the config that runs at
// that time.
func report(dir string, c promptpolicy.Candidate) {
	logger := caddy.Log().Named("http.handlers.gate_policy").With(
		zap.String("dir", dir), zap.String("candidate", c.Hash), zap.Duration("took", c.Took))
	result := "in force"
	if c.Err != nil {
		result = "refused"
	}
	gate.Record(audit.Event{Name: "policy.changed", Fields: []audit.Field{
		audit.Text("name", dir), audit.Text("revision", c.Hash), audit.Text("result", result),
	}})
	if c.Err != nil {
		recordRefused(dir)
		logger.Error("policy candidate refused: the last good policy stays in force",
			zap.Stringers("faults", promptpolicy.FaultsOf(c.Err)))
		return
	}
	recordLive(dir)
	logger.Info("policy candidate is in force")
	if len(c.Lost) > 0 {
		logger.Warn("tests are gone from the policy: what they tested may break unnoticed", zap.Strings("tests", c.Lost))
	}
}

// healthCheck reports a refused directory as degraded: requests are still
// judged, but by an earlier version.
func healthCheck(engine *promptpolicy.Engine) healthcheck.Check {
	return healthcheck.Check{
		Name:     "policy",
		Critical: true,
		Interval: time.Second,
		Run: func(context.Context) healthcheck.Result {
			status := engine.Status()
			data := map[string]any{"revision": status.Revision, "loaded_at": status.LoadedAt.UTC().Format(time.RFC3339)}
			if len(status.Faults) == 0 {
				return healthcheck.Result{Status: healthcheck.OK, Detail: "in force: " + status.Revision, Data: data}
			}
			data["candidate"] = status.Candidate
			data["faults"] = status.Faults
			detail := fmt.Sprintf("an edit is refused, %s stays in force: %s", status.Revision, status.Faults[0])
			if !status.KeptSince.IsZero() {
				kept := status.KeptSince.UTC().Format(time.RFC3339)
				data["kept_since"] = kept
				detail = fmt.Sprintf("the directory was refused at the start, %s of %s is in force: %s", status.Revision, kept, status.Faults[0])
			}
			return healthcheck.Result{Status: healthcheck.Degraded, Detail: detail, Data: data}
		},
	}
}
