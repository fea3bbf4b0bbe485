package main

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newInfer returns a backend on a free port that keeps nothing.
func newInfer(change func(*infer)) *infer {
	i := &infer{listen: "127.0.0.1:0", timeout: time.Second, store: noStore, storeSize: "0", maxJobs: 1, jobRetention: time.Hour}
	change(i)
	return i
}

func TestInferNamesATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	i := newInfer(func(i *infer) { i.listen = taken.Addr().String() })
	err = i.run(t.Context(), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), "taken") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v is not one line about the port", err)
	}
}

func TestInferNamesTheFlagThatIsWrong(t *testing.T) {
	for flag, change := range map[string]func(*infer){
		"--max-concurrent": func(i *infer) { i.maxConcurrent = -1 },
		"--timeout":        func(i *infer) { i.timeout = -time.Second },
		"--min-safety":     func(i *infer) { i.minSafety = 1.5 },
		"--store":          func(i *infer) { i.store = "" },
		"--store-size":     func(i *infer) { i.storeSize = "much" },
		"--max-jobs":       func(i *infer) { i.maxJobs = 0 },
		"--job-workers":    func(i *infer) { i.jobWorkers = -2 },
		"--job-workers -1": func(i *infer) { i.jobWorkers = -1 },
		"--worker":         func(i *infer) { i.worker = true },
		"--jobs":           func(i *infer) { i.jobs = "redis://:{file./no/such/file}@127.0.0.1" },
		"--job-retention":  func(i *infer) { i.jobRetention = 0 },
	} {
		i := newInfer(change)
		if err := i.run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: error %v", flag, err)
		}
	}
}

// A password in the address is in no error.
func TestInferKeepsThePasswordOfRedisToItself(t *testing.T) {
	t.Setenv("ODORDIFF_JOBS", "redis://:{env.QUEUE_PASSWORD}@127.0.0.1:x")
	t.Setenv("QUEUE_PASSWORD", "secret")
	i := newInfer(func(*infer) {})
	err := i.run(t.Context(), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "queue of jobs") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}

func TestInferStopsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i := newInfer(func(i *infer) { i.store = filepath.Join(t.TempDir(), "records.db") })
	var log bytes.Buffer
	if err := i.run(ctx, &log); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "stopped") {
		t.Errorf("log: %s", log.String())
	}
}
