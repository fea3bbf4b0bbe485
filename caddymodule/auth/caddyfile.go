package auth

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
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

// Options returns the options of gate_auth.
func (h *Handler) Options() option.Table {
	provider := func(name, example string) *option.Option {
		return option.Custom(name, "{ ... }", &h.ProvidersRaw, func(d *caddyfile.Dispenser) error { return h.addProvider(d, "gate_"+name) }).Example(example)
	}
	return option.Table{
		Name: "gate_auth", Usage: "[jwt] [signature]", Short: h.shorthand,
		Options: []*option.Option{
			provider("jwt", ""),
			provider("signature", ""),
			option.Custom("provider", "<module> ...", &h.ProvidersRaw, h.addForeign).Example("http_basic").Repeat(),
			option.Flag("optional", &h.Optional),
			option.Flag("forward_credential", &h.ForwardCredential),
		},
	}
}

// shorthand reads the names of providers that have their defaults.
func (h *Handler) shorthand(arguments []string) error {
	for _, name := range arguments {
		if name != "jwt" && name != "signature" {
			return fmt.Errorf("unexpected %q: write for example: gate_auth jwt, gate_auth signature, both, or a block", name)
		}
		if err := h.add("gate_"+name, json.RawMessage("{}")); err != nil {
			return err
		}
	}
	return nil
}

// addForeign reads any module of http.authentication.providers that can be
// written in a Caddyfile.
func (h *Handler) addForeign(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("provider: its value is missing; write for example: provider http_basic")
	}
	return h.addProvider(d, d.Val())
}

func (h *Handler) addProvider(d *caddyfile.Dispenser, name string) error {
	module, err := caddyfile.UnmarshalModule(d, providers+"."+name)
	if err != nil {
		return err
	}
	if err := h.add(name, caddyconfig.JSON(module, nil)); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (h *Handler) add(name string, config json.RawMessage) error {
	if h.ProvidersRaw[name] != nil {
		return fmt.Errorf("%s is there twice: for both, write two gate_auth", name)
	}
	if h.ProvidersRaw == nil {
		h.ProvidersRaw = make(caddy.ModuleMap)
	}
	h.ProvidersRaw[name] = config
	return nil
}

// Options returns the options of jwt.
func (j *JWT) Options() option.Table {
	const ours = "odordiff; none with jwks"
	return option.Table{Name: "jwt", Options: []*option.Option{
		option.List("issuer", &j.Issuers, "<names...>").Expand().Example("odordiff").DefaultMeans(ours),
		option.List("audience", &j.Audiences, "<names...>").Expand().Example("odordiff").DefaultMeans(ours),
		option.List("algorithms", &j.Algorithms, "").OneOf("HS256", "ES256", "EdDSA", "RS256").Example("HS256 ES256").
			DefaultMeans("ES256, EdDSA and RS256 with jwks, else HS256"),
		option.Text("jwks", &j.JWKS, "<file>").Expand().Example("jwks.json"),
		option.List("require_scope", &j.RequireScopes, "<scopes...>").Accept(aScope, keyring.ValidScope).Example("generate"),
		option.Duration("leeway", &j.Leeway, 0, token.MaxLeeway).Default("30s"),
		option.Text("tenant_claim", &j.TenantClaim, "<name>").Default(token.DefaultTenantClaim),
		option.Count("cache_size", &j.CacheSize, 0, 1<<20).Default("4096"),
	}}
}

// Options returns the options of signature.
func (s *Signature) Options() option.Table {
	return option.Table{Name: "signature", Options: []*option.Option{
		option.List("components", &s.Components, "<components...>").Default(strings.Join(httpsig.DefaultComponents(), " ")),
		option.Duration("window", &s.Window, time.Second, httpsig.MaxWindow).Default("5m"),
		option.Duration("leeway", &s.Leeway, 0, httpsig.MaxLeeway).Default("30s"),
		option.Text("label", &s.Label, "<label>").Example("sig1").DefaultMeans("any, where the request has one signature"),
		option.List("require_scope", &s.RequireScopes, "<scopes...>").Accept(aScope, keyring.ValidScope).Example("generate"),
		option.Size("max_body", &s.MaxBody, 1, 1<<40).Default("1MiB"),
	}}
}

const aScope = "a scope: printable characters without spaces, quotes and backslashes"

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// UnmarshalCaddyfile parses the provider.
func (j *JWT) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return j.Options().Unmarshal(d) }

// UnmarshalCaddyfile parses the provider.
func (s *Signature) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return s.Options().Unmarshal(d) }

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Handler)(nil)
	_ caddyfile.Unmarshaler = (*JWT)(nil)
	_ caddyfile.Unmarshaler = (*Signature)(nil)
)
