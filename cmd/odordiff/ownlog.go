package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"github.com/odordiff/odordiff/caddymodule/logformat"
)

// ownLog is the log of a process without a gateway: with the fields of the
// gateway's, in the format gate, and by the given name. Its level is what
// ODORDIFF_LOG_LEVEL says, INFO without it, and can be changed.
func ownLog(out io.Writer, name string) (*slog.Logger, zap.AtomicLevel, error) {
	level, err := zap.ParseAtomicLevel(cmp.Or(os.Getenv("ODORDIFF_LOG_LEVEL"), "INFO"))
	if err != nil {
		return nil, level, fmt.Errorf("ODORDIFF_LOG_LEVEL: %w", err)
	}
	format := new(logformat.Encoder)
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	if err := format.Provision(ctx); err != nil {
		return nil, level, fmt.Errorf("setting up the log: %w", err)
	}
	if out == os.Stderr {
		if err := format.ConfigureDefaultFormat(caddy.StderrWriter{}); err != nil {
			return nil, level, fmt.Errorf("setting up the log: %w", err)
		}
	}
	core := zapcore.NewCore(format, zapcore.Lock(zapcore.AddSync(out)), level)
	return slog.New(zapslog.NewHandler(core, zapslog.WithName(name), zapslog.AddStacktraceAt(noStack))), level, nil
}

// noStack is a level that no line has. A panic brings its own stack.
const noStack = slog.Level(127)

// followLevel makes SIGUSR1 show more of a log, and SIGUSR2 less, until the
// returned function is called.
func followLevel(level zap.AtomicLevel, log *slog.Logger) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for told := range signals {
			by := zapcore.Level(1)
			if told == syscall.SIGUSR1 {
				by = -1
			}
			next := max(zap.DebugLevel, min(level.Level()+by, zap.ErrorLevel))
			level.SetLevel(next)
			log.Log(context.Background(), levels[next], "the log begins at another level", slog.String("from", next.String()))
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

// levels are those that a log may begin at.
var levels = map[zapcore.Level]slog.Level{
	zap.DebugLevel: slog.LevelDebug, zap.InfoLevel: slog.LevelInfo, zap.WarnLevel: slog.LevelWarn, zap.ErrorLevel: slog.LevelError,
}
