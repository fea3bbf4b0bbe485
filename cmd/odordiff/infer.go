package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/inference"
	"github.com/odordiff/odordiff/inference/safety"
)

func init() {
	register("infer", "[--listen <address>] [--max-concurrent <n>] [--max-queued <n>] [--timeout <duration>] [--min-safety <score>] [--store <file>] [--jobs <url>] [--worker]",
		"Starts the inference backend alone",
		`Starts the inference backend, to which the gateway proxies: POST /api/v1/generate.
It has no authentication of its own: keep it on loopback, or on a network that
only the gateway reaches.

With --jobs, jobs are in Redis, and any number of these processes share them.
With --worker it works on jobs alone, and serves /health and /metrics.

Ctrl-C lets the prompts in work finish, then stops it. The log begins at
ODORDIFF_LOG_LEVEL; SIGUSR1 shows more of it, and SIGUSR2 less.`,
		func(cmd *cobra.Command) {
			infer := new(infer)
			flags := cmd.Flags()
			flags.StringVar(&infer.listen, "listen", "127.0.0.1:8090", "address to listen on, or fd/3 for the first socket that a service manager passes")
			flags.IntVar(&infer.maxConcurrent, "max-concurrent", 0, "prompts worked on at once (default: one per CPU)")
			flags.IntVar(&infer.maxQueued, "max-queued", 0, "prompts that may wait, more are answered 503 (default: 128 times --max-concurrent, -1: none)")
			flags.DurationVar(&infer.timeout, "timeout", 30*time.Second, "longest time for one prompt, waiting included")
			flags.Float64Var(&infer.minSafety, "min-safety", safety.DefaultMinScore, minSafetyUsage)
			flags.StringVar(&infer.store, "store", filepath.Join(stateDir(), recordsFile), "file in which jobs and feedback are kept, or off")
			flags.StringVar(&infer.storeSize, "store-size", "0", "largest size of that file, such as 10GiB; 0 for no bound")
			flags.IntVar(&infer.maxJobs, "max-jobs", 1000, "jobs of one client that are kept")
			flags.StringVar(&infer.jobs, "jobs", "", "Redis in which jobs are kept, as redis://:{file./run/secrets/redis}@host:port; "+
				"{env.NAME} and {file.path} are expanded (default: $ODORDIFF_JOBS, or the store)")
			flags.BoolVar(&infer.worker, "worker", false, "work on the jobs in Redis alone")
			flags.IntVar(&infer.jobWorkers, "job-workers", 0, "prompts of jobs worked on at once (default: half of --max-concurrent, for a --worker all; -1: none)")
			flags.DurationVar(&infer.jobRetention, "job-retention", 7*24*time.Hour, "how long a job is kept from its end on")
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error {
				ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
				defer stop()
				return infer.run(ctx, cmd.ErrOrStderr())
			}
		})
}

// infer is the inference backend in a process of its own.
type infer struct {
	listen                   string
	maxConcurrent, maxQueued int
	timeout                  time.Duration
	minSafety                float64
	store, storeSize, jobs   string
	worker                   bool
	jobWorkers, maxJobs      int
	jobRetention             time.Duration
}

// recordsFile is the name of the store in the state directory, and noStore
// stands for none.
const (
	recordsFile = "records.db"
	noStore     = "off"
)

// minSafetyUsage says what the flag does, for each command that has it.
const minSafetyUsage = "smallest safety score that a request may ask for, 0 to 1"

func checkMinSafety(score float64) error {
	if score >= 0 && score <= 1 { // NaN is neither
		return nil
	}
	return fmt.Errorf("--min-safety %v: give a score from 0 to 1", score)
}

// run serves until ctx is done. The log goes to out.
func (i *infer) run(ctx context.Context, out io.Writer) error {
	if err := i.check(); err != nil {
		return err
	}
	size, err := parseSize(i.storeSize)
	if err != nil {
		return fmt.Errorf("--store-size: %w", err)
	}
	jobs, err := i.jobsURL()
	if err != nil {
		return err
	}
	logger, level, err := ownLog(out, "inference")
	if err != nil {
		return err
	}
	defer followLevel(level, logger)()
	traces, err := backendTraces(ctx)
	if err != nil {
		return err
	}
	defer closeTraces(traces, logger)
	server, err := inference.New(inference.Config{
		MaxConcurrent: i.maxConcurrent,
		MaxQueued:     i.maxQueued,
		Timeout:       i.timeout,
		MinSafety:     &i.minSafety,
		Store:         storeFile(i.store),
		StoreSize:     size,
		Jobs:          jobs,
		Worker:        i.worker,
		JobWorkers:    i.jobWorkers,
		MaxJobs:       i.maxJobs,
		JobRetention:  i.jobRetention,
		Version:       version(),
		Tracing:       traces,
		Logger:        logger,
	})
	if err != nil {
		return fmt.Errorf("starting the inference backend: %w", err)
	}
	listener, err := listen(i.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	logger.Info("inference backend listens", slog.String("address", listener.Addr().String()))
	defer announce(ctx, logger)()
	if err := server.Serve(ctx, listener); err != nil {
		return err
	}
	logger.Info("inference backend stopped")
	return nil
}

// storeFile is the file that a flag names, empty for none.
func storeFile(flag string) string {
	if flag == noStore {
		return ""
	}
	return flag
}

// parseSize reads a number of bytes, such as 10GiB.
func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q: give a size such as 10GiB, or 0", text)
	}
	return int64(n), nil
}

// jobsURL is the address of Redis that the flag or the environment names, empty
// for none. A password need not stand in either: placeholders are expanded, as
// in the Caddyfile.
func (i *infer) jobsURL() (string, error) {
	url, err := caddy.NewReplacer().ReplaceOrErr(cmp.Or(i.jobs, os.Getenv("ODORDIFF_JOBS")), true, true)
	switch {
	case err != nil:
		return "", fmt.Errorf("--jobs: %w", err)
	case url == "" && i.worker:
		return "", errors.New("--worker: name the Redis that has the jobs, with --jobs or ODORDIFF_JOBS")
	case url == "" && i.jobWorkers < 0:
		return "", errors.New("--job-workers -1: without --jobs nobody else works on the jobs")
	}
	return url, nil
}

func (i *infer) check() error {
	switch {
	case i.maxConcurrent < 0:
		return errors.New("--max-concurrent: give 1 or more, or leave it out")
	case i.timeout <= 0:
		return errors.New("--timeout: give a duration over 0, such as 30s")
	case i.store == "":
		return errors.New("--store: name a file, or off")
	case i.maxJobs < 1:
		return errors.New("--max-jobs: give 1 or more")
	case i.jobWorkers < -1:
		return errors.New("--job-workers: give 1 or more, -1 for none, or leave it out")
	case i.jobWorkers < 0 && i.worker:
		return errors.New("--job-workers -1: a --worker has nothing else to do")
	case i.jobRetention <= 0:
		return errors.New("--job-retention: give a duration over 0, such as 168h")
	}
	return checkMinSafety(i.minSafety)
}
