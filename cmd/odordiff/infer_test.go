package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func TestInferNamesATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	i := infer{listen: taken.Addr().String(), timeout: time.Second}
	err = i.run(t.Context(), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), "taken") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v is not one line about the port", err)
	}
}

func TestInferNamesTheFlagThatIsWrong(t *testing.T) {
	for flag, i := range map[string]infer{
		"--max-concurrent": {maxConcurrent: -1, timeout: time.Second},
		"--timeout":        {timeout: -time.Second},
		"--min-safety":     {timeout: time.Second, minSafety: 1.5},
	} {
		if err := i.run(t.Context(), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: error %v", flag, err)
		}
	}
}

func TestInferStopsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	i := infer{listen: "127.0.0.1:0", timeout: time.Second}
	var log bytes.Buffer
	if err := i.run(ctx, &log); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "stopped") {
		t.Errorf("log: %s", log.String())
	}
}
