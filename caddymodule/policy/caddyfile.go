package policy

import (
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_policy", parseCaddyfile)
	// It comes before handle and route, so that it judges what they lead to.
	httpcaddyfile.RegisterDirectiveOrder("gate_policy", httpcaddyfile.After, "request_header")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Options returns the options of gate_policy.
func (h *Handler) Options() option.Table {
	return option.Table{Name: "gate_policy", Options: []*option.Option{
		option.Text("dir", &h.Dir, "<directory>").Require().Expand().Example("policies"),
		option.Blocks("schema", &h.Schemas),
		option.List("prompt", &h.Prompts, "<pointers...>").Example("/prompt /messages/*/content").DefaultMeans("every string of the body").
			Accept("a JSON Pointer such as /prompt or /messages/*/content", isPointer),
		option.List("file", &h.Files, "<pointers...>").Example("/messages/*/content/*/image_url").DefaultMeans("none").
			Accept("a JSON Pointer such as /messages/*/content/*/image_url", isPointer),
		option.List("apart", &h.Apart, "<pointers...>").Example("/prompts/*").DefaultMeans("none").
			Accept("a JSON Pointer such as /prompts/*", isPointer),
		option.Size("max_body", &h.MaxBody, 1, 1<<40).Default("1MiB"),
		option.Size("multipart", &h.Multipart, 1, 1<<40).Example("32MiB").DefaultMeans("forms are refused"),
		option.Duration("timeout", &h.Timeout, time.Millisecond, 5*time.Second).Default("250ms"),
		option.Count("min_tests", &h.MinTests, 1, 100_000).Example("40").DefaultMeans("none"),
		option.Flag("covered", &h.Covered),
		option.Text("last_good", &h.LastGood, "<directory>|off").Expand().Example("off").
			DefaultMeans("last-good-policies in the directory that ODORDIFF_STATE names; off without it"),
	}}
}

// Options returns the arguments of schema.
func (s *RouteSchema) Options() option.Table {
	return option.Table{Name: "schema", Arguments: []*option.Option{
		option.Text("route", &s.Route, "<route>").Require().Example("/api/v1/generate*"),
		option.Text("schema", &s.Schema, "<file>").Require().Example("schemas/generate.json"),
	}}
}

func isPointer(text string) bool {
	_, err := promptpolicy.ParsePromptPath(text)
	return err == nil
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
