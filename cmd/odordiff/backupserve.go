package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/backup"
	"github.com/odordiff/odordiff/internal/metric"
)

func backupRunCommand() *cobra.Command {
	m := new(machine)
	var (
		every  time.Duration
		listen string
	)
	cmd := &cobra.Command{
		Use:   "run --target <target> --recipients <recipients> [--every 1h]",
		Short: "Keeps backing up the state directory",
		Long: `Copies the databases of the state directory while they are written, and takes a snapshot
of the rest on schedule. After each snapshot it restores everything into a scratch folder
and looks whether it is sound; a failed drill is a failed backup.

/health answers 200 as long as backups are as they should be, and otherwise 503 with the
reason; have the gateway's gate_health ask it. /health/live answers 200 as long as the
process serves. /metrics is for Prometheus.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < time.Minute {
				return fmt.Errorf("--every: %s is too often: at least 1m", every)
			}
			if m.keep == "" {
				m.keep = defaultKeep
			}
			if err := m.open(); err != nil {
				return err
			}
			m.out, m.log = cmd.OutOrStdout(), caddyLog("backup")
			return m.serve(cmd.Context(), every, listen)
		},
	}
	m.addFlags(cmd)
	cmd.Flags().DurationVar(&every, "every", time.Hour, "time from one snapshot to the next")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8092", "address of /health and /metrics")
	return cmd
}

// longestRound is how long a round may take at least.
const longestRound = time.Hour

// serve backs up on schedule until the process is told to end.
func (m *machine) serve(ctx context.Context, every time.Duration, address string) error {
	ctx, stop := untilTold(ctx)
	defer stop()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	round := func(ctx context.Context) error {
		// What hangs must fail some time.
		ctx, cancel := context.WithTimeout(ctx, max(every, longestRound))
		defer cancel()
		return m.round(ctx)
	}
	schedule := &backup.Schedule{Every: every, Round: round, Failed: func(err error) {
		m.log.Error("a backup failed", "error", err)
	}}
	server := &http.Server{Handler: m.handler(schedule), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(m.out, "signer %s\nhttp://%s/health\n", m.repository.Key.Signer(), listener.Addr())
	defer announce(ctx, m.log)()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		m.copies.run(ctx, func(err error) { m.log.Error("copying failed", "error", err) })
	}()
	schedule.Run(ctx)
	<-copied

	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err = errors.Join(m.close(ending), server.Shutdown(ending))
	if failed := <-served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	return err
}

// untilTold returns a context that ends when the process is told to end.
func untilTold(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
}

func (m *machine) handler(schedule *backup.Schedule) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(metric.BuildInfo(version()))
	for _, figure := range []struct {
		name, help string
		value      func(backup.Status) float64
	}{
		{"gate_backup_last_success_timestamp_seconds", "When the last good round began. 0 before the first.", func(s backup.Status) float64 {
			if s.Succeeded.IsZero() {
				return 0
			}
			return float64(s.Succeeded.UnixMilli()) / 1e3
		}},
		{"gate_backup_failures", "Rounds that have failed since the last good one.", func(s backup.Status) float64 { return float64(s.Failures) }},
		{"gate_backup_duration_seconds", "How long the last good round took, with its drill.", func(s backup.Status) float64 { return s.Took.Seconds() }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: figure.name, Help: figure.help},
			func() float64 { return figure.value(schedule.Status()) }))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health/live", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, nil) })
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, errors.Join(schedule.Health(), m.copies.health()))
	})
	return mux
}

func writeHealth(w http.ResponseWriter, err error) {
	answer := map[string]string{"status": "ok"}
	code := http.StatusOK
	if err != nil {
		answer, code = map[string]string{"status": "failed", "detail": err.Error()}, http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// An error means that the client has left.
	_ = json.NewEncoder(w).Encode(answer)
}
