package gate

import (
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
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

// UnmarshalCaddyfile parses the global option:
//
//	gate {
//		redis <url>|off {
//			prefix <prefix>
//			nodes  <number>
//			timeout <duration>
//		}
//		keyring <file>
//		upgrade <protocols...>
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch option := d.Val(); option {
		case "redis":
			if err := a.unmarshalRedis(d); err != nil {
				return err
			}
		case "keyring":
			if !d.AllArgs(&a.KeyringFile) {
				return d.Err("keyring takes one file: keyring <file>")
			}
		case "upgrade":
			protocols := d.RemainingArgs()
			if len(protocols) == 0 {
				return d.Err("upgrade takes the names of protocols, such as websocket")
			}
			if err := validateUpgrade(protocols); err != nil {
				return d.Errf("upgrade: %w", err)
			}
			a.Upgrade = append(a.Upgrade, protocols...)
		default:
			return d.Errf("unknown option %q: gate has redis, keyring and upgrade", option)
		}
	}
	return nil
}

func (a *App) unmarshalRedis(d *caddyfile.Dispenser) error {
	redis := new(Redis)
	if !d.AllArgs(&redis.URL) {
		return d.Err("redis takes one address: redis redis://<host>:<port>, or redis off")
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		switch option := d.Val(); option {
		case "prefix":
			if !d.AllArgs(&redis.Prefix) {
				return d.Err("prefix takes one word")
			}
		case "nodes":
			var count string
			if !d.AllArgs(&count) {
				return d.Err("nodes takes one number")
			}
			nodes, err := strconv.Atoi(count)
			if err != nil || nodes < 1 {
				return d.Errf("nodes is %q: say how many gateways share the limits, 1 or more", count)
			}
			redis.Nodes = nodes
		case "timeout":
			var text string
			if !d.AllArgs(&text) {
				return d.Err("timeout takes one duration")
			}
			timeout, err := caddy.ParseDuration(text)
			if err != nil || timeout <= 0 {
				return d.Errf("timeout is %q: want a duration, such as 50ms", text)
			}
			redis.Timeout = caddy.Duration(timeout)
		default:
			return d.Errf("unknown option %q: redis has prefix, nodes and timeout", option)
		}
	}
	if redis.URL != off {
		a.Redis = redis
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
