package headers

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/browser"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_headers", parseCaddyfile)
	// It comes before whatever may refuse, but for gate_capacity.
	httpcaddyfile.RegisterDirectiveOrder("gate_headers", httpcaddyfile.Before, "map")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Options returns the options of gate_headers.
func (h *Handler) Options() option.Table {
	return option.Table{
		Name:    "gate_headers",
		Options: []*option.Option{option.Block("cors", &h.CORS)},
		Others:  h.readField,
	}
}

const maxAge = 24 * time.Hour

// Options returns the options of cors.
func (c *CORS) Options() option.Table {
	const aField = "the name of a header field"
	return option.Table{
		Name: "cors",
		Arguments: []*option.Option{
			option.List("origins", &c.Origins, "<origins...>").Example("https://app.example").DefaultMeans("none").
				Accept("an origin as browsers write it, such as https://app.example or http://localhost:3000", browser.IsOrigin),
		},
		Options: []*option.Option{
			option.List("methods", &c.Methods, "<methods...>").Default("GET HEAD POST DELETE").Accept("a method in capitals", isMethod),
			option.List("headers", &c.Headers, "<fields...>").Accept(aField, isName).
				Default("Authorization Cache-Control Content-Digest Content-Type If-None-Match Idempotency-Key Signature Signature-Input Traceparent Tracestate X-Request-Id"),
			option.List("expose", &c.Expose, "<fields...>").Accept(aField, isName).
				Default("Age ETag Gate-Served-By Location RateLimit RateLimit-Policy Retry-After Server-Timing WWW-Authenticate X-Request-Id"),
			option.Duration("max_age", &c.MaxAge, 0, maxAge).Default("1h"),
			option.Flag("credentials", &c.Credentials),
		},
	}
}

// readField reads a line that sets a field or removes one. A name in small
// letters is rather an option that is misspelt.
func (h *Handler) readField(d *caddyfile.Dispenser) error {
	name, value := d.Val(), d.RemainingArgs()
	bare, removed := strings.CutPrefix(name, "-")
	if !removed && !strings.ContainsFunc(name, unicode.IsUpper) {
		return d.Errf("unknown option %q of gate_headers: it has cors, and names of header fields with capitals; write for example: X-Frame-Options SAMEORIGIN", name)
	}
	switch {
	case removed && len(value) == 0:
		h.Remove = append(h.Remove, bare)
	case !removed && len(value) == 1:
		if _, twice := h.Set[name]; twice {
			return d.Errf("%s is there twice: keep one", name)
		}
		if h.Set == nil {
			h.Set = make(map[string]string)
		}
		h.Set[name] = value[0]
	case removed:
		return d.Errf("%s takes no value", name)
	default:
		return d.Errf("%s takes one value, in quotes if it has spaces", name)
	}
	if err := h.checkFields(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// checkFields checks what is set and removed.
func (h *Handler) checkFields() error {
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(h.Set)), h.Remove) {
		if !isName(name) {
			return fmt.Errorf("%q is not the name of a header field", name)
		}
	}
	for name, value := range h.Set {
		if value == "" || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("%s: %q is not the value of a header field", name, value)
		}
		if h.CORS != nil && len(h.CORS.Origins) > 0 && strings.HasPrefix(http.CanonicalHeaderKey(name), "Access-Control-") {
			return fmt.Errorf("%s would be told to every site, and cors says to which: leave it out, or cors", name)
		}
	}
	return nil
}

// isName reports whether a field has that name. As a list, * would say that
// any has.
func isName(text string) bool { return text != "*" && httpguts.ValidHeaderFieldName(text) }

func isMethod(text string) bool { return isName(text) && text == strings.ToUpper(text) }

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { return h.Options().Unmarshal(d) }

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
