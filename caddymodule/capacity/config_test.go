package capacity

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestCaddyfileErrorsNameTheOption(t *testing.T) {
	for name, c := range map[string]struct {
		module      caddyfile.Unmarshaler
		block, want string
	}{
		"an argument":           {new(Handler), "gate_capacity 5", "argument"},
		"an unknown option":     {new(Handler), "gate_capacity {\nrate 5\n}", `unknown option "rate"`},
		"no number":             {new(Handler), "gate_capacity {\ntotal\n}", "total takes one number"},
		"zero":                  {new(Handler), "gate_capacity {\nper_address 0\n}", `per_address is "0"`},
		"a word":                {new(Handler), "gate_capacity {\ntotal many\n}", `total is "many"`},
		"an option twice":       {new(Handler), "gate_capacity {\ntotal 5\ntotal 6\n}", "total is there twice"},
		"a wait of nothing":     {new(Handler), "gate_capacity {\nwait 0s\n}", `wait is "0s"`},
		"a wait twice":          {new(Handler), "gate_capacity {\nwait 1s\nwait 2s\n}", "wait is there twice"},
		"a wrapper's argument":  {new(Connections), "gate_connections 5", "argument"},
		"a wrapper's option":    {new(Connections), "gate_connections {\nrate 5\n}", `unknown option "rate"`},
		"no streams":            {new(Connections), "gate_connections {\nstreams 0\n}", `streams is "0"`},
		"an exception for none": {new(Connections), "gate_connections {\nexcept\n}", "except takes addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.module.UnmarshalCaddyfile(caddyfile.NewTestDispenser(c.block))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestJSONErrorsNameTheOption(t *testing.T) {
	for name, c := range map[string]struct {
		module       caddy.Provisioner
		config, want string
	}{
		"zero":               {new(Handler), `{"per_address": 0}`, "per_address is 0"},
		"less in all":        {new(Handler), `{"per_address": 5, "total": 4}`, "total is 4"},
		"a wait of nothing":  {new(Handler), `{"wait": 0}`, "wait is 0s"},
		"a long wait":        {new(Handler), `{"wait": "2m"}`, "wait is 2m0s"},
		"connections":        {new(Connections), `{"total": -1}`, "total is -1"},
		"streams":            {new(Connections), `{"streams": 0}`, "streams is 0"},
		"not an address":     {new(Connections), `{"except": ["here"]}`, `"here" is not an address`},
		"not a server's own": {new(Connections), `{}`, "listener_wrappers of an HTTP server"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := json.Unmarshal([]byte(c.config), c.module); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
			defer cancel()
			if err := c.module.Provision(ctx); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestWhatIsNoAddressIsOnePeer(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if got := peer(a); got.IsValid() {
		t.Errorf("peer %s", got)
	}
}
