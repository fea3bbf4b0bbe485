package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/inference"
	"github.com/odordiff/odordiff/inference/engine"
)

// brokenEngine fails for a reason that is nobody's business but the operator's.
type brokenEngine struct{}

func (brokenEngine) Name() string { return "broken" }

func (brokenEngine) Generate(context.Context, engine.Request) (engine.Result, error) {
	return engine.Result{}, errors.New("the weights are of another model")
}

func TestTheCauseOfABackendsFaultIsInCaddysLog(t *testing.T) {
	server, err := inference.New(inference.Config{Engines: []engine.Engine{brokenEngine{}}, Logger: caddyLog("inference")})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer serveBackend(server, listener, caddyLog("inference"))()

	for _, format := range []string{"json", "console"} {
		t.Run(format, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "log")
			config := fmt.Sprintf(`{"admin": {"disabled": true}, "logging": {"logs": {"default": {
				"writer": {"output": "file", "filename": %q}, "encoder": {"format": %q}}}}}`, file, format)
			if err := caddy.Load([]byte(config), true); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := caddy.Stop(); err != nil {
					t.Error(err)
				}
			}()
			id := "asked-for-" + format
			if status := askBackend(t, listener.Addr().String(), id); status != http.StatusInternalServerError {
				t.Fatalf("status %d", status)
			}
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			line := lineWith(string(log), "request failed")
			for _, want := range []string{"inference", id, "the weights are of another model"} {
				if !strings.Contains(line, want) {
					t.Errorf("the line lacks %q: %s", want, line)
				}
			}
			if strings.Contains(string(log), "petrichor") {
				t.Errorf("the prompt is in the log: %s", log)
			}
		})
	}
}

func askBackend(t *testing.T, address, id string) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/api/v1/generate", strings.NewReader(`{"prompt": "petrichor"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-Id", id)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func lineWith(text, words string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, words) {
			return line
		}
	}
	return ""
}
