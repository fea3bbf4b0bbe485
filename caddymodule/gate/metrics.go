package gate

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// RegisterMetrics registers package-level collectors with the config's
// registry, which Caddy makes anew for each config. Several instances of one
// module may register the same collectors.
func RegisterMetrics(ctx caddy.Context, collectors ...prometheus.Collector) error {
	for _, collector := range collectors {
		err := ctx.GetMetricsRegistry().Register(collector)
		if _, already := errors.AsType[prometheus.AlreadyRegisteredError](err); already {
			continue
		}
		if err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}
