package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
)

// watchInterval is how often a watched configuration is read again.
const watchInterval = time.Second

// watchConfig takes over --watch of a command that runs the gateway. Caddy's
// own ends for good with the first file that cannot be parsed, such as one that
// is half saved.
func watchConfig(cmd *cobra.Command) {
	watch, config, adapter := cmd.Flags().Lookup("watch"), cmd.Flags().Lookup("config"), cmd.Flags().Lookup("adapter")
	if watch == nil || config == nil || adapter == nil || cmd.Name() != "run" {
		return
	}
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if watch.Value.String() == "true" {
			if config.Value.String() == "-" {
				return errors.New("--watch: what comes from standard input cannot be watched: name a file with --config")
			}
			if err := cmd.Flags().Set("watch", "false"); err != nil {
				return fmt.Errorf("watching the configuration: %w", err)
			}
			w := &configWatch{file: cmp.Or(config.Value.String(), "Caddyfile"), adapter: adapter.Value.String(), load: load}
			go w.run(cmd.Context(), time.Tick(watchInterval))
		}
		if before == nil {
			return nil
		}
		return before(cmd, args)
	}
}

// load replaces the running configuration. Caddy keeps it if the new one cannot
// be loaded.
func load(config []byte) error { return caddy.Load(config, false) }

// configWatch loads a configuration whenever what its file means has changed.
// Imported files count, too; comments do not.
type configWatch struct {
	file, adapter string
	load          func(config []byte) error

	inForce []byte
	tried   []byte // what was loaded, or refused, last
	refused string // why the file is not in force; empty if it is
}

// run looks at each tick until the context ends.
func (w *configWatch) run(ctx context.Context, ticks <-chan time.Time) {
	// run itself says what is wrong with it
	w.inForce, _ = adaptFile(w.file, w.adapter)
	w.tried = w.inForce
	gate.WatchedConfig(true)
	w.log().Info("watching the configuration", zap.String("file", w.file))
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			w.look()
		}
	}
}

// look reads the file, and loads what it means if that has changed. A refusal
// is said once for each reason.
func (w *configWatch) look() {
	config, err := adaptFile(w.file, w.adapter)
	switch {
	case err != nil:
	case bytes.Equal(config, w.inForce):
		if w.refused != "" {
			w.log().Info("the configuration is again the one in force", zap.String("file", w.file))
		}
		w.tried, w.refused = config, ""
		gate.WatchedConfig(true)
		return
	case bytes.Equal(config, w.tried):
		return
	default:
		w.tried = config
		if err = w.load(config); err == nil {
			w.inForce, w.refused = config, ""
			gate.WatchedConfig(true)
			w.log().Info("loaded the changed configuration", zap.String("file", w.file))
			return
		}
	}
	if why := faultIn(w.file, err).String(); why != w.refused {
		w.refused = why
		gate.WatchedConfig(false)
		w.log().Error("refused the changed configuration; the one before stays in force", zap.String("fault", why))
	}
}

// log returns the logger of the configuration in force.
func (w *configWatch) log() *zap.Logger { return caddy.Log().Named("watch") }
