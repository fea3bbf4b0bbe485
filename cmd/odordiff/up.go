package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff"
	"github.com/odordiff/odordiff/inference"
	"github.com/odordiff/odordiff/inference/safety"
)

// drainTimeout is how long the backend may take to finish what it is doing: its
// requests, and then what its jobs have in hand.
const drainTimeout = inference.DefaultGrace + 10*time.Second

func init() {
	register("up", "[--state <dir>] [--policies <dir>] [--https-port <port>] [--http-port <port>] [--probe-port <port>] [--store <file>]",
		"Starts the gateway and the inference backend in this process",
		`Starts the gateway with the shipped Caddyfile and the inference backend behind
it, with nothing to prepare. At the first run it makes a key, a development
credential and a certificate authority in the state directory; the authority is
put into no trust store.

Ctrl-C drains and stops both.`,
		func(cmd *cobra.Command) {
			up := new(up)
			flags := cmd.Flags()
			flags.StringVar(&up.state, "state", stateDir(), "directory of keys, certificates and policies")
			flags.StringVar(&up.policies, "policies", "", "policy directory (default: <state>/policies, in which what nobody edits is kept up to date)")
			flags.IntVar(&up.httpsPort, "https-port", 8443, "port of the edge, on loopback")
			flags.IntVar(&up.httpPort, "http-port", 8080, "port that redirects to the edge")
			flags.IntVar(&up.probePort, "probe-port", portFromEnvironment("ODORDIFF_PROBE_PORT", 8081), "port of plain probes and metrics, on loopback")
			flags.StringVar(&up.admin, "admin", "localhost:2019", "address of Caddy's admin API")
			flags.StringVar(&up.backend, "backend", "127.0.0.1:8090", "address of the inference backend")
			flags.StringVar(&up.store, "store", "", "file in which jobs and feedback are kept, or off (default: <state>/records.db)")
			flags.Float64Var(&up.minSafety, "min-safety", safety.DefaultMinScore, minSafetyUsage)
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return up.run(cmd) }
		})
}

// up is the whole service in one process.
type up struct {
	state, policies                string
	httpsPort, httpPort, probePort int
	admin, backend, store          string
	minSafety                      float64
}

func (u *up) run(cmd *cobra.Command) error {
	if err := checkMinSafety(u.minSafety); err != nil {
		return err
	}
	credential, err := u.prepare(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := u.checkPorts(); err != nil {
		return err
	}
	backend, err := net.Listen("tcp", u.backend)
	if err != nil {
		return fmt.Errorf("--backend: %w", portError(u.backend, err))
	}
	log := caddyLog("inference")
	traces, err := backendTraces(cmd.Context())
	if err != nil {
		return errors.Join(err, backend.Close())
	}
	server, err := inference.New(inference.Config{MinSafety: &u.minSafety, Store: storeFile(cmp.Or(u.store, filepath.Join(u.state, recordsFile))), Version: version(), Tracing: traces, Logger: log})
	if err != nil {
		return errors.Join(fmt.Errorf("starting the inference backend: %w", err), backend.Close())
	}
	stopBackend := serveBackend(server, backend, log)

	caddy.TrapSignals()
	// Caddy stops its apps first, so the gateway has drained when this runs.
	caddy.OnExit(func(context.Context) {
		stopBackend()
		closeTraces(traces, log)
	})
	if err := u.loadGateway(); err != nil {
		stopBackend()
		return err
	}
	u.greet(cmd.OutOrStdout(), credential)
	select {}
}

// serveBackend serves until the returned function is called, which waits for
// requests in flight for as long as drainTimeout.
func serveBackend(server *inference.Server, listener net.Listener, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, listener); err != nil {
			log.Error("the inference backend stopped", slog.Any("error", err))
		}
	}()
	return func() {
		cancel()
		select {
		case <-done:
		case <-time.After(drainTimeout):
		}
	}
}

// prepare fills the state directory where it lacks something.
func (u *up) prepare(out io.Writer) (credential string, err error) {
	if u.state, err = filepath.Abs(u.state); err != nil {
		return "", fmt.Errorf("--state: %w", err)
	}
	if err := os.MkdirAll(u.state, 0o700); err != nil {
		return "", fmt.Errorf("--state: making the directory: %w", err)
	}
	if u.policies == "" {
		u.policies = filepath.Join(u.state, "policies")
		if err := u.renewPolicies(out); err != nil {
			return "", err
		}
	}
	if u.policies, err = filepath.Abs(u.policies); err != nil {
		return "", fmt.Errorf("--policies: %w", err)
	}
	if _, err := os.Stat(u.policies); err != nil {
		return "", fmt.Errorf("--policies: %w", err)
	}
	return developmentCredential(u.state)
}

// renewPolicies unpacks the shipped policies, and brings up to date what an
// older version unpacked and nobody edited.
func (u *up) renewPolicies(out io.Writer) error {
	report, err := unpackPolicies(u.policies, "", false)
	if err != nil {
		return err
	}
	if !report.Fresh && (report.Changed() || len(report.Edited) > 0) {
		printRenewal(out, u.policies, report)
	}
	return nil
}

// checkPorts says which ports are taken before anything is started, and all at
// once: the server's own message names neither the flag nor the way out, and
// only the first.
func (u *up) checkPorts() error {
	if err := u.checkDistinct(); err != nil {
		return err
	}
	var errs []error
	for _, port := range []struct{ flag, address string }{
		{"--https-port", fmt.Sprintf("127.0.0.1:%d", u.httpsPort)},
		{"--http-port", fmt.Sprintf("127.0.0.1:%d", u.httpPort)},
		{"--probe-port", fmt.Sprintf("127.0.0.1:%d", u.probePort)},
		{"--admin", u.admin},
		{"--backend", u.backend},
	} {
		listener, err := net.Listen("tcp", port.address)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", port.flag, portError(port.address, err)))
			continue
		}
		if err := listener.Close(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", port.flag, err))
		}
	}
	return errors.Join(errs...)
}

func (u *up) checkDistinct() error {
	if u.httpsPort == 0 || u.httpPort == 0 || u.probePort == 0 ||
		u.httpsPort == u.httpPort || u.httpsPort == u.probePort || u.httpPort == u.probePort {
		return fmt.Errorf("--https-port %d, --http-port %d and --probe-port %d: want different ports, and not 0",
			u.httpsPort, u.httpPort, u.probePort)
	}
	return nil
}

// portFromEnvironment is the port that the variable names, or the fallback
// where it is not set. It returns 0 for an invalid port; checkPorts refuses
// that.
func portFromEnvironment(name string, fallback int) int {
	text, set := os.LookupEnv(name)
	if !set {
		return fallback
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return port
}

// loadGateway starts Caddy with the shipped Caddyfile.
func (u *up) loadGateway() error {
	for name, value := range map[string]string{
		"ODORDIFF_STATE":      u.state,
		"ODORDIFF_POLICIES":   u.policies,
		"ODORDIFF_HTTPS_PORT": fmt.Sprint(u.httpsPort),
		"ODORDIFF_HTTP_PORT":  fmt.Sprint(u.httpPort),
		"ODORDIFF_PROBE_PORT": fmt.Sprint(u.probePort),
		"ODORDIFF_ADMIN":      u.admin,
		"ODORDIFF_UPSTREAM":   u.backend,
	} {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	setDefault(nil, "ODORDIFF_LOG_LEVEL", "WARN")
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt(odordiff.Caddyfile, map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return fmt.Errorf("adapting the shipped Caddyfile: %w", err)
	}
	if err := caddy.Load(config, true); err != nil {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	return nil
}
