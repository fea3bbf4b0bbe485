package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/freeport"
)

// runLimits runs a subcommand of limits and returns what it printed.
func runLimits(args ...string) (string, error) {
	root := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
	group(root, limitsListCommand(), limitsGetCommand(), limitsSetCommand(), limitsResetCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

// startLimits runs a gateway with limits and returns the address of its admin
// API.
func startLimits(t *testing.T, limits string) string {
	t.Helper()
	address := "localhost:" + freeport.Get(t)
	config := fmt.Sprintf(`{
		"admin": {"listen": %q, "config": {"persist": false}},
		"logging": {"logs": {"default": {"level": "ERROR"}}},
		"apps": {"http": {"servers": {"s": {"listen": ["127.0.0.1:%s"], "routes": [{"handle": [%s]}]}}}}
	}`, address, freeport.Get(t), limits)
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

const twoLimits = `{"handler": "gate_limit", "limits": [
	{"name": "principal", "key": "{http.auth.user.id}", "rate": "60/1m"},
	{"name": "everyone", "key": "all", "rate": "600/1m", "on_error": "allow", "shadow": true}]}`

func TestLimitsAreListedChangedAndReset(t *testing.T) {
	address := startLimits(t, twoLimits)
	for _, step := range []struct {
		args []string
		want []string
	}{
		{[]string{"list"}, []string{"principal  60/1m   {http.auth.user.id}  sliding_window  local", "everyone   600/1m  all                  sliding_window  allow (shadow)"}},
		{[]string{"get", "principal", "alice"}, []string{"allows           60 in 1m", "used             0", "A window starts empty."}},
		{[]string{"set", "principal", "alice", "--rate", "600", "--for", "2h", "--reason", "a batch", "--by", "op"}, []string{"the key ", ": 600/1m until "}},
		{[]string{"get", "principal", "alice"}, []string{"allows           600 in 1m", "a batch (op)"}},
		{[]string{"get", "principal", "alice", "--tenant", "acme"}, []string{"allows           60 in 1m"}},
		{[]string{"list"}, []string{"principal in 1m", "600/1m", "a batch (op)"}},
		{[]string{"list", "--json"}, []string{`"allows": "600/1m"`}},
		{[]string{"set", "principal", "alice", "--blocked", "--for", "7d"}, []string{": blocked until ", "; before: 600/1m until "}},
		{[]string{"get", "principal", "alice"}, []string{"allows           0 in 1m", "override         blocked until "}},
		{[]string{"set", "principal", "alice", "--remove"}, []string{"no override any more; before: blocked"}},
		{[]string{"set", "everyone", "--unlimited", "--for", "1h"}, []string{"everyone, every key: unlimited until "}},
		{[]string{"reset", "principal", "alice"}, []string{"forgot 0 used"}},
		{[]string{"reset", "everyone"}, []string{"forgot 0 used"}},
	} {
		out, err := runLimits(append(step.args, "--address", address)...)
		if err != nil {
			t.Fatalf("%v: %v", step.args, err)
		}
		for _, want := range step.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v prints no %q:\n%s", step.args, want, out)
			}
		}
	}
}

func TestWhatIsWrongWithALimitsCommandIsSaid(t *testing.T) {
	address := startLimits(t, twoLimits)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"get", "principle", "alice"}, `limit: there is no "principle": there are everyone, principal`},
		{[]string{"get", "principal"}, `key: missing: the limit "principal" counts by {http.auth.user.id}`},
		{[]string{"get", "principal", "--hash", "alice"}, "hash: "},
		{[]string{"get", "principal", "--client", "nowhere"}, "address: it is not an IP address"},
		{[]string{"get", "principal", "alice", "--window", "1h"}, `window: "principal" has none of 1h: it has 1m`},
		{[]string{"get", "everyone", "alice"}, `has one window for all`},
		{[]string{"set", "principal", "alice", "--rate", "5"}, "--for: missing"},
		{[]string{"set", "principal", "alice", "--for", "1h"}, "rate: missing: give a rate, or unlimited or blocked"},
		{[]string{"set", "principal", "alice", "--rate", "0", "--for", "1h"}, "rate: 0 is less than 1: blocked refuses everything"},
		{[]string{"set", "principal", "alice", "--rate", "5", "--for", "60d"}, "for: 1440h0m0s is too long"},
		{[]string{"set", "principal", "alice", "--rate", "5", "--for", "soon"}, `for: "soon" is no duration`},
		{[]string{"set", "principal", "alice", "--remove"}, "has no such override"},
		{[]string{"set", "principal", "alice", "--remove", "--for", "1h"}, "--remove: it ends an override"},
		{[]string{"reset", "principal"}, "key: missing"},
	} {
		if _, err := runLimits(append(c.args, "--address", address)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want an error that says %q", c.args, err, c.want)
		}
	}
	nowhere := "localhost:" + freeport.Get(t)
	if _, err := runLimits("list", "--address", nowhere); err == nil || !strings.Contains(err.Error(), "no gateway answers at "+nowhere) {
		t.Errorf("without a gateway: %v", err)
	}
}
