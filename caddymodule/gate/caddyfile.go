package gate

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("gate", parseGlobalOption)
}

func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		return nil, d.Err("gate is configured twice: write one block")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "gate", Value: caddyconfig.JSON(app, nil)}, nil
}

// Options returns the options of the global option gate.
func (a *App) Options() option.Table {
	return option.Table{Name: "gate", Options: []*option.Option{
		option.Block("redis", &a.Redis),
		option.Text("keyring", &a.KeyringFile, "<file>").Expand().Example("keyring.json").
			DefaultMeans("keyring.json in the directory that ODORDIFF_STATE names, if it is there"),
		option.Block("audit", &a.Audit),
		option.Text("server_timing", &a.ServerTiming, "off|everyone|<scope>").Default(timingOff).Example("operator").
			Accept("off, everyone, or a scope", isTiming),
		option.List("upgrade", &a.Upgrade, "<protocols...>").Accept(upgradable, mayUpgrade).Example("websocket").DefaultMeans("none"),
	}}
}

// Options returns the options of redis.
func (r *Redis) Options() option.Table {
	return option.Table{
		Name: "redis",
		Arguments: []*option.Option{
			option.Text("url", &r.URL, "<url>").Require().Expand().Accept("redis://host:port, or off for none", nil).Example("redis://127.0.0.1:6379"),
		},
		Options: []*option.Option{
			option.Text("prefix", &r.Prefix, "<prefix>").Default(DefaultPrefix),
			option.Count("nodes", &r.Nodes, 1, 10_000).Default("1"),
			option.Duration("timeout", &r.Timeout, time.Millisecond, maxRedisTimeout).DefaultMeans("50ms, and 250ms for signatures").Example("100ms"),
		},
	}
}

// UnmarshalCaddyfile parses the global option.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return a.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
