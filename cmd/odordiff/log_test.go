package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/freeport"
)

// asLog runs `odordiff log` with the arguments.
func asLog(args ...string) (string, error) {
	cmd := logLevelCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestALogsLevelIsChangedWhileTheGatewayRuns(t *testing.T) {
	file, address := filepath.Join(t.TempDir(), "log"), "localhost:"+freeport.Get(t)
	config := fmt.Sprintf(`{"admin": {"listen": %q, "config": {"persist": false}}, "logging": {"logs": {"default": {
		"level": "WARN", "writer": {"output": "file", "filename": %q}, "encoder": {"format": "gate"}}}}}`, address, file)
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for _, step := range []struct {
		level string
		seen  bool
	}{{"DEBUG", true}, {"error", false}, {"Debug", true}} {
		if out, err := asLog(step.level, "--address", address); err != nil || !strings.Contains(out, strings.ToUpper(step.level)) {
			t.Fatalf("%s: %v %s", step.level, err, out)
		}
		if err := os.Truncate(file, 0); err != nil {
			t.Fatal(err)
		}
		caddy.Log().Debug("a detail", zap.String("k", "v"))
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if seen := strings.Contains(string(log), "a detail"); seen != step.seen {
			t.Errorf("at %s the detail is seen: %v", step.level, seen)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"LOUD", "--address", address}, "DEBUG, INFO, WARN or ERROR"},
		{[]string{"INFO", "--address", address, "--log", "other"}, `no "other"`},
		{[]string{"INFO", "--address", "localhost:" + freeport.Get(t)}, "asking the gateway"},
	} {
		if _, err := asLog(c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want an error that says %q", c.args, err, c.want)
		}
	}
}
