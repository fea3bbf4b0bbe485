package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

// engines keeps the engine of a directory over reloads, whatever else they
// change: the last good policy must not be forgotten because the directory is
// broken at that moment. The keys are directories, as those of the metrics are.
var engines = caddy.NewUsagePool()

// pooledEngine ends with the last configuration that uses it.
type pooledEngine struct {
	*promptpolicy.Engine
	dir string
}

// Destruct implements caddy.Destructor.
func (p pooledEngine) Destruct() error {
	p.Close()
	forgetMetrics(p.dir)
	return nil
}

func (h *Handler) acquire(ctx context.Context, dir string) error {
	value, loaded, err := engines.LoadOrNew(dir, func() (caddy.Destructor, error) {
		engine, err := promptpolicy.Open(ctx, promptpolicy.Options{
			Dir:     dir,
			Timeout: time.Duration(h.Timeout),
			Report:  func(c promptpolicy.Candidate) { report(dir, c) },
		})
		if err != nil {
			return nil, err
		}
		recordLive(dir)
		return pooledEngine{engine, dir}, nil
	})
	if err != nil {
		return err
	}
	h.engine = value.(pooledEngine).Engine
	h.release = append(h.release, func() error {
		_, err := engines.Delete(dir)
		return err
	})
	status := h.engine.Status()
	h.logger.Info("policy in force", zap.String("dir", dir), zap.String("revision", status.Revision), zap.Bool("kept_over_reload", loaded))
	if len(status.Faults) > 0 {
		h.logger.Warn("the policy directory is still refused", zap.String("dir", dir), zap.Stringers("faults", status.Faults))
	}
	return nil
}

// report logs what became of a candidate, to the log of the configuration
// that runs by then.
func report(dir string, c promptpolicy.Candidate) {
	logger := caddy.Log().Named("http.handlers.gate_policy").With(
		zap.String("dir", dir), zap.String("candidate", c.Hash), zap.Duration("took", c.Took))
	if c.Err != nil {
		recordRefused(dir)
		logger.Error("policy candidate refused: the last good policy stays in force",
			zap.Stringers("faults", promptpolicy.FaultsOf(c.Err)))
		return
	}
	recordLive(dir)
	logger.Info("policy candidate is in force")
}

// healthCheck reports a refused directory as degraded: requests are still
// judged, but not as the authors think.
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
			return healthcheck.Result{
				Status: healthcheck.Degraded,
				Detail: fmt.Sprintf("an edit is refused, %s stays in force: %s", status.Revision, status.Faults[0]),
				Data:   data,
			}
		},
	}
}
