package auth

import (
	"encoding/json"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"

	"github.com/odordiff/odordiff/internal/token"
)

const providers = "http.authentication.providers"

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_auth", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("gate_auth", httpcaddyfile.After, "basic_auth")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile parses the directive:
//
//	gate_auth [jwt] [signature] {
//		optional
//		forward_credential
//		jwt       { … }
//		signature { … }
//		provider  <module> …
//	}
//
// The arguments are providers with their defaults. The provider is any other module of http.authentication.providers that can be
// written in a Caddyfile. See [JWT.UnmarshalCaddyfile] and [Signature.UnmarshalCaddyfile].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	for _, name := range d.RemainingArgs() {
		if name != "jwt" && name != "signature" {
			return d.Errf("unexpected %q: want gate_auth jwt, gate_auth signature, both, or a block", name)
		}
		if err := h.add(d, "gate_"+name, json.RawMessage("{}")); err != nil {
			return err
		}
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := h.unmarshalOption(d); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) unmarshalOption(d *caddyfile.Dispenser) error {
	switch option := d.Val(); option {
	case "optional":
		return flag(d, &h.Optional)
	case "forward_credential":
		return flag(d, &h.ForwardCredential)
	case "jwt", "signature":
		return h.addProvider(d, "gate_"+option)
	case "provider":
		if !d.NextArg() {
			return d.Err("want: provider <module>")
		}
		return h.addProvider(d, d.Val())
	default:
		return d.Errf("unknown option %q: want optional, forward_credential, jwt, signature or provider", option)
	}
}

func (h *Handler) addProvider(d *caddyfile.Dispenser, name string) error {
	module, err := caddyfile.UnmarshalModule(d, providers+"."+name)
	if err != nil {
		return err
	}
	return h.add(d, name, caddyconfig.JSON(module, nil))
}

func (h *Handler) add(d *caddyfile.Dispenser, name string, config json.RawMessage) error {
	if h.ProvidersRaw[name] != nil {
		return d.Errf("%s is there twice: for both, write two gate_auth", name)
	}
	if h.ProvidersRaw == nil {
		h.ProvidersRaw = make(caddy.ModuleMap)
	}
	h.ProvidersRaw[name] = config
	return nil
}

// UnmarshalCaddyfile parses the provider:
//
//	jwt {
//		issuer        <names...>
//		audience      <names...>
//		algorithms    HS256|ES256|EdDSA|RS256...
//		jwks          <file>
//		require_scope <scopes...>
//		leeway        <duration>
//		tenant_claim  <name>
//		cache_size    <tokens>
//	}
func (j *JWT) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	var algorithms []string
	err := unmarshalOptions(d, map[string]func(*caddyfile.Dispenser) error{
		"issuer":        list(&j.Issuers),
		"audience":      list(&j.Audiences),
		"algorithms":    list(&algorithms),
		"jwks":          text(&j.JWKS),
		"require_scope": list(&j.RequireScopes),
		"leeway":        duration(&j.Leeway),
		"tenant_claim":  text(&j.TenantClaim),
		"cache_size":    number(&j.CacheSize),
	})
	for _, algorithm := range algorithms {
		j.Algorithms = append(j.Algorithms, token.Algorithm(algorithm))
	}
	return err
}

// UnmarshalCaddyfile parses the provider:
//
//	signature {
//		components    <components...>
//		window        <duration>
//		leeway        <duration>
//		label         <label>
//		require_scope <scopes...>
//		max_body      <size>
//	}
func (s *Signature) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return unmarshalOptions(d, map[string]func(*caddyfile.Dispenser) error{
		"components":    list(&s.Components),
		"window":        duration(&s.Window),
		"leeway":        duration(&s.Leeway),
		"label":         text(&s.Label),
		"require_scope": list(&s.RequireScopes),
		"max_body":      size(&s.MaxBody),
	})
}

// unmarshalOptions parses a block whose options each have a parser.
func unmarshalOptions(d *caddyfile.Dispenser, options map[string]func(*caddyfile.Dispenser) error) error {
	d.Next()
	provider := d.Val()
	if d.NextArg() {
		return d.Errf("unexpected %q: %s takes a block", d.Val(), provider)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		parse, ok := options[d.Val()]
		if !ok {
			return d.Errf("unknown option %q: %s has %v", d.Val(), provider, sortedKeys(options))
		}
		if err := parse(d); err != nil {
			return err
		}
	}
	return nil
}

func flag(d *caddyfile.Dispenser, to *bool) error {
	option := d.Val()
	if d.NextArg() {
		return d.Errf("unexpected %q: %s takes no value", d.Val(), option)
	}
	*to = true
	return nil
}

func list(to *[]string) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		option, values := d.Val(), d.RemainingArgs()
		if len(values) == 0 {
			return d.Errf("want: %s <values...>", option)
		}
		*to = append(*to, values...)
		return nil
	}
}

func text(to *string) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		option := d.Val()
		if *to != "" {
			return d.Errf("%s is there twice", option)
		}
		if !d.AllArgs(to) {
			return d.Errf("want: %s <value>", option)
		}
		return nil
	}
}

func duration(to *caddy.Duration) func(*caddyfile.Dispenser) error {
	return parsed(func(value string) error {
		d, err := caddy.ParseDuration(value)
		*to = caddy.Duration(d)
		return err
	})
}

func number(to *int) func(*caddyfile.Dispenser) error {
	return parsed(func(value string) error {
		n, err := strconv.ParseUint(value, 10, 31)
		*to = int(n)
		return err
	})
}

func size(to *int64) func(*caddyfile.Dispenser) error {
	return parsed(func(value string) error {
		n, err := humanize.ParseBytes(value)
		*to = int64(min(n, 1<<62))
		return err
	})
}

func parsed(parse func(value string) error) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		var value string
		if err := text(&value)(d); err != nil {
			return err
		}
		if err := parse(value); err != nil {
			return d.Errf("%q: %v", value, err)
		}
		return nil
	}
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Handler)(nil)
	_ caddyfile.Unmarshaler = (*JWT)(nil)
	_ caddyfile.Unmarshaler = (*Signature)(nil)
)
