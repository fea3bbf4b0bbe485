package limit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/window"
)

// maxQueue is how long a request may wait at the longest.
const maxQueue = time.Hour

func init() {
	httpcaddyfile.RegisterHandlerDirective("gate_limit", parseCaddyfile)
	httpcaddyfile.RegisterDirectiveOrder("gate_limit", httpcaddyfile.Before, "basic_auth")
}

func parseCaddyfile(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, handler.resolveMatchers(h)
}

// Options returns the options of gate_limit.
func (h *Handler) Options() option.Table {
	return option.Table{
		Name: "gate_limit", Usage: "[<name> <key> <rate>]", Short: h.shorthand,
		Options: []*option.Option{
			option.Blocks("limit", &h.Limits),
			option.Ranges("allow", &h.Allow),
			option.Ranges("deny", &h.Deny).Example("203.0.113.0/24"),
			option.Blocks("principal", &h.Principals),
			option.Text("x_ratelimit", &h.XRateLimit, "").OneOf(inSeconds, asTimestamp).Example(inSeconds).DefaultMeans("not sent"),
			option.List("shadow", &h.shadow, "<limits...>").Example("principal"),
		},
	}
}

// shorthand reads the arguments of the directive as a first limit without
// further options.
func (h *Handler) shorthand(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("unexpected %q: write for example: gate_limit client {client_ip} 60/1m, or a block", strings.Join(arguments, " "))
	}
	h.Limits = append(h.Limits, Limit{Name: arguments[0], Key: arguments[1], Rate: arguments[2]})
	return nil
}

// Options returns the options of a limit.
func (l *Limit) Options() option.Table {
	return option.Table{
		Name: strings.TrimSpace("limit " + l.Name),
		Arguments: []*option.Option{
			option.Text("name", &l.Name, "<name>").Require().Example("principal").
				Accept("a letter, then letters, digits, - and _, 64 at most", validName.MatchString),
		},
		Options: []*option.Option{
			option.Custom("match", "@<name>|<path>|<matcher> ...", &l.Match, l.readMatch).Repeat().Example("path /batch*").DefaultMeans("every request").
				Accept("a named matcher, a path, or matchers, in a block where they are several", nil),
			option.Text("key", &l.Key, "<key>").Require().Example("{http.auth.user.id}"),
			option.Text("rate", &l.Rate, "<number>/<window>").DefaultMeans("in_flight is needed").Example("60/1m").Accept(wantedRate+", or placeholders", mayBeRate),
			option.Text("rate_default", &l.RateDefault, "<number>/<window>").Expand().Example("60/1m").Accept(wantedRate, isRate),
			option.Text("rate_max", &l.RateMax, "<number>/<window>").Expand().Example("6000/1m").Accept(wantedRate, isRate),
			option.Count("in_flight", &l.InFlight, 1, inflight.MaxSlots).Example("4").DefaultMeans("a rate is needed"),
			option.Duration("queue", &l.Queue, time.Millisecond, maxQueue).Example("30s").DefaultMeans("nobody waits"),
			option.Count("queue_size", &l.QueueSize, 1, queue.MaxWaiting).Default("100"),
			option.Text("cost", &l.Cost, "<number>|<placeholder>").Default("1").Accept("a positive number or a placeholder", isCost),
			option.Text("items", &l.Items, "<pointer>").Example("/prompts").DefaultMeans("none").Accept("a JSON Pointer, such as /prompts", isPointer),
			option.Block("tokens", &l.Tokens),
			option.List("settle", &l.Settle, "<field>|<pointer> ...").Example("/usage/total_tokens").DefaultMeans("the cost is final").
				Accept("a header field, or a JSON Pointer such as /usage/total_tokens", isFigure),
			option.Count("ipv6_prefix", &l.IPv6Prefix, 1, 128).Default("64"),
			option.Count("ipv4_prefix", &l.IPv4Prefix, 1, 32).Default("32"),
			option.Text("algorithm", &l.Algorithm, "").OneOf(slidingWindow, slidingLog, tokenBucket).Default(slidingWindow),
			option.Count("burst", &l.Burst, 1, math.MaxInt).Example("20").DefaultMeans("as many as the rate has"),
			option.Count("max_keys", &l.MaxKeys, window.MinMaxKeys, math.MaxInt).Default(strconv.Itoa(window.DefaultMaxKeys)),
			option.Duration("lease", &l.Lease, window.MinLease, window.MaxLease).Example("250ms").DefaultMeans("none"),
			option.Text("on_error", &l.OnError, "").OneOf("local", "deny", "allow").Default("local"),
			option.Text("unit", &l.Unit, "<unit>").Example("tokens").DefaultMeans("not told, which means requests").
				Accept("a letter, then letters, digits and ._/- and spaces, 64 at most", validUnit.MatchString),
			option.Flag("partition_key", &l.PartitionKey),
			option.List("allow", &l.Allow, "<keys...>").Example("acme"),
			option.List("deny", &l.Deny, "<keys...>").Example("globex"),
		},
	}
}

// Options returns the options of a principal.
func (p *Principal) Options() option.Table {
	return option.Table{
		Name: strings.TrimSpace("principal " + p.ID),
		Arguments: []*option.Option{
			option.Text("id", &p.ID, "<id>").Require().Example("ada"),
			option.Text("list", &p.List, "").Require().OneOf(allowList, denyList).Example("allow"),
		},
		Options: []*option.Option{
			option.Text("tenant", &p.Tenant, "<tenant>").Example("acme"),
			option.Text("authority", &p.Authority, "<authority>").Example("https://issuer.example").DefaultMeans("the keyring"),
		},
	}
}

// UnmarshalCaddyfile parses the directive.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := h.Options().Unmarshal(d); err != nil {
		return err
	}
	for _, name := range h.shadow {
		i := slices.IndexFunc(h.Limits, func(l Limit) bool { return l.Name == name })
		if i < 0 {
			return d.Errf("shadow %s: this gate_limit has no such limit", name)
		}
		h.Limits[i].Shadow = true
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
