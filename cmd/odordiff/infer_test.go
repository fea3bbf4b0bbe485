package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
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

// fieldsOf returns the lines of a log as objects.
func fieldsOf(t *testing.T, log string) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(log) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTheBackendsLogHasTheFieldsOfTheGateways(t *testing.T) {
	var out bytes.Buffer
	log, _, err := ownLog(&out, "inference")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("request", "request_id", "id-1", "duration", 1500*time.Millisecond)
	log.Error("failed with Bearer abcdefghijklmnopqrst1234567890")
	lines := fieldsOf(t, out.String())
	if l := lines[0]; l["level"] != "info" || l["logger"] != "inference" || l["msg"] != "request" || l["request_id"] != "id-1" || l["duration"] != 1.5 {
		t.Errorf("line %v", l)
	}
	if _, ok := lines[0]["ts"].(float64); !ok {
		t.Errorf("the time is %v", lines[0]["ts"])
	}
	if strings.Contains(out.String(), "abcdefghijkl") {
		t.Errorf("a credential is in the log: %s", out.String())
	}
}

func TestALevelThatDoesNotExistIsNamedWithItsVariable(t *testing.T) {
	t.Setenv("ODORDIFF_LOG_LEVEL", "loud")
	if err := newInfer(func(*infer) {}).run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "ODORDIFF_LOG_LEVEL") {
		t.Errorf("error %v", err)
	}
}

// told is a writer that passes on each line.
type told chan string

func (w told) Write(line []byte) (int, error) {
	w <- string(line)
	return len(line), nil
}

func TestSignalsChangeTheLevelOfTheBackendsLog(t *testing.T) {
	t.Setenv("ODORDIFF_LOG_LEVEL", "INFO")
	lines := make(told, 10)
	log, level, err := ownLog(lines, "inference")
	if err != nil {
		t.Fatal(err)
	}
	defer followLevel(level, log)()
	for _, step := range []struct {
		signal syscall.Signal
		want   zapcore.Level
	}{
		{syscall.SIGUSR1, zap.DebugLevel},
		{syscall.SIGUSR1, zap.DebugLevel},
		{syscall.SIGUSR2, zap.InfoLevel},
		{syscall.SIGUSR2, zap.WarnLevel},
		{syscall.SIGUSR2, zap.ErrorLevel},
		{syscall.SIGUSR2, zap.ErrorLevel},
	} {
		if err := syscall.Kill(os.Getpid(), step.signal); err != nil {
			t.Fatal(err)
		}
		line := fieldsOf(t, <-lines)[0]
		if line["from"] != step.want.String() || level.Level() != step.want {
			t.Errorf("%s: %v, the level is %s, want %s", step.signal, line, level, step.want)
		}
	}
	log.Info("not seen")
	log.Error("seen")
	if line := <-lines; !strings.Contains(line, `"seen"`) {
		t.Errorf("line %s", line)
	}
}
