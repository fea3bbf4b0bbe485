package main

import (
	"context"
	"log/slog"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/tracing"
)

// backendTraces returns what makes the backend's spans, nil without a
// collector. In one process with the gateway it is still a service of its own.
func backendTraces(ctx context.Context) (*tracing.Provider, error) {
	return tracing.Open(ctx, tracing.Service{Name: "odordiff-inference", Version: version()})
}

// version returns the version of this program.
func version() string {
	version, _ := caddy.Version()
	return version
}

// closeTraces sends the last spans.
func closeTraces(traces *tracing.Provider, log *slog.Logger) {
	if err := traces.Close(); err != nil {
		log.Warn("traces", slog.Any("error", err))
	}
}
