package main

import (
	"log/slog"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// caddyLog is the log of what runs beside the gateway, or in its stead: Caddy's
// own, by the given name, at the level and in the format that the configuration
// in force says.
func caddyLog(name string) *slog.Logger {
	return slog.New(zapslog.NewHandler(currentCore{}, zapslog.WithName(name), zapslog.AddStacktraceAt(noStack)))
}

// currentCore writes to Caddy's log of the moment. The backend is there before
// the first configuration is, and each one that is loaded brings a log of its
// own.
type currentCore struct{ fields []zapcore.Field }

func (c currentCore) now() zapcore.Core { return caddy.Log().Core().With(c.fields) }

// Enabled implements zapcore.Core.
func (c currentCore) Enabled(level zapcore.Level) bool { return caddy.Log().Core().Enabled(level) }

// With implements zapcore.Core.
func (c currentCore) With(fields []zapcore.Field) zapcore.Core {
	return currentCore{slices.Concat(c.fields, fields)}
}

// Check implements zapcore.Core.
func (c currentCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return c.now().Check(entry, checked)
}

// Write implements zapcore.Core.
func (c currentCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return c.now().Write(entry, fields)
}

// Sync implements zapcore.Core.
func (c currentCore) Sync() error { return caddy.Log().Core().Sync() }

// Interface guard
var _ zapcore.Core = currentCore{}
