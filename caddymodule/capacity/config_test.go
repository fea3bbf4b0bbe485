package capacity

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestJSONErrorsNameTheOption(t *testing.T) {
	for name, c := range map[string]struct {
		module       caddy.Provisioner
		config, want string
	}{
		"zero":               {new(Handler), `{"per_address": 0}`, `per_address: "0" is not a whole number from 1 to 1000000; write for example: per_address 64`},
		"less in all":        {new(Handler), `{"per_address": 5, "total": 4}`, "total is 4"},
		"a wait of nothing":  {new(Handler), `{"wait": 0}`, `wait: "0s" is not a duration from 1ms to 1m`},
		"a long wait":        {new(Handler), `{"wait": "2m"}`, `wait: "2m" is not`},
		"connections":        {new(Connections), `{"total": -1}`, `total: "-1"`},
		"streams":            {new(Connections), `{"streams": 0}`, `streams: "0"`},
		"not an address":     {new(Connections), `{"except": ["here"]}`, `except: "here" is not an address`},
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
