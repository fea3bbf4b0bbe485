package limit

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/window"
)

// Limit is one named rule.
type Limit struct {
	// The name of the limit in responses, metrics and logs: a letter, then
	// letters, digits, - and _; 64 at most. Limits with the same name and window
	// share their usage, wherever they are configured.
	Name string `json:"name"`

	// Which requests the limit is for: any of these sets of Caddy's matchers. For
	// others it neither counts nor is told of. In a Caddyfile it is the name of a
	// matcher, such as @batches, a path, or matchers; several lines are several
	// sets. Default: every request.
	Match caddyhttp.RawMatcherSets `json:"match,omitempty" caddy:"namespace=http.matchers"`

	// Whose window a request is charged to, with placeholders:
	// {http.vars.client_ip} (in a Caddyfile {client_ip}), {http.auth.user.id},
	// {http.request.header.X-Tenant}. A key with a placeholder of the principal
	// counts within its tenant and issuer. A text without placeholders, such as
	// all, is one window for everyone. If all placeholders are empty, as those of
	// a principal are for an anonymous request, the client's address is the key,
	// so that strangers neither share a window nor escape the limit.
	Key string `json:"key"`

	// How much any window may hold: a number and a duration, such as 60/1m.
	// Windows are from 1s to 366d. Global placeholders ({env.RATE}) are
	// expanded when the config is loaded. With placeholders of a request, such as
	// {http.auth.user.rate}/1h or {http.auth.user.plan}, each request has the rate
	// that these give. If they give another window, that starts afresh. A limit
	// has a rate or in_flight.
	Rate string `json:"rate,omitempty"`

	// How many requests may be under way at once, on all gateways that share
	// Redis. A request is under way until its answer has been sent, or the tunnel
	// that it became is closed. The places of a gateway that was killed are free
	// within 10s.
	InFlight *int `json:"in_flight,omitempty"`

	// How long a request may wait for room instead of being refused. Those who
	// wait for the same key do so in the order in which they came, and principals,
	// or addresses, take turns. Each gateway has its own queue. Default: a request
	// is refused at once.
	Queue *caddy.Duration `json:"queue,omitempty"`

	// How many requests of one principal, or address, may wait for a key. All
	// queues of a gateway together hold 10000. Default: 100.
	QueueSize *int `json:"queue_size,omitempty"`

	// The rate of requests whose placeholders give none. Required if rate has
	// placeholders of a request. Global placeholders are expanded.
	RateDefault string `json:"rate_default,omitempty"`

	// The most that the placeholders of rate may give. A rate that would let more
	// through in this window is lowered so far that it does not. Global
	// placeholders are expanded. Default: no bound.
	RateMax string `json:"rate_max,omitempty"`

	// What a request costs: a number or a placeholder. A value that is not a
	// positive number means 1. A cost above the rate is always refused, with 422.
	// Default: 1.
	Cost string `json:"cost,omitempty"`

	// A list in the JSON body, as a JSON Pointer such as /prompts: the cost is for
	// each of its items. A body without the list costs what one item costs. The
	// body is read first, up to 1 MiB; a larger one is refused with 413.
	Items string `json:"items,omitempty"`

	// Where a JSON body tells its cost in tokens of a language model: the cost is
	// for each. The body is read as for items, which cannot be there too.
	Tokens *Tokens `json:"tokens,omitempty"`

	// Where the answer says what the request has cost in truth: header fields, and
	// JSON Pointers into a JSON body or the data of server-sent events, of which
	// the last that has the number counts. The cost is then only reserved, and
	// corrected when the answer has passed; without a figure it stays. Fields
	// come first, and then the first pointer that leads to a number. With a
	// pointer, the upstream is asked not to compress.
	Settle []string `json:"settle,omitempty"`

	// How many leading bits identify a client if the whole key is an IPv6 address.
	// A client usually has a whole /64. Default: 64.
	IPv6Prefix *int `json:"ipv6_prefix,omitempty"`

	// The same for an IPv4 address. Default: 32.
	IPv4Prefix *int `json:"ipv4_prefix,omitempty"`

	// How to count: sliding_window, sliding_log or token_bucket. The page on
	// limits says what each promises. A log takes at most 1000 units a window.
	// Default: sliding_window.
	Algorithm string `json:"algorithm,omitempty"`

	// How many units a token bucket grants at once, if it was not used for long.
	// Default: as many as the rate has.
	Burst *int `json:"burst,omitempty"`

	// How many keys' usage to keep in this process; beyond that, the limit forgets
	// keys that have used least. Default: 262144.
	MaxKeys *int `json:"max_keys,omitempty"`

	// For how long to charge Redis in advance, such as 250ms, up to half of the
	// window: a limit that all requests share then costs few round trips. It takes
	// a little of the rate: see the page on limits. Without Redis it does nothing.
	// Default: each request is charged when it comes.
	Lease *caddy.Duration `json:"lease,omitempty"`

	// What to do while Redis is slow or gone: local decides in this process, by
	// its share of the rate; deny refuses with 503; allow passes everything.
	// Default: local.
	OnError string `json:"on_error,omitempty"`

	// What the units are, as RateLimit-Policy tells it (qu). The draft knows
	// requests, content-bytes and concurrent-requests. Default: not told, which
	// means requests.
	Unit string `json:"unit,omitempty"`

	// Whether to tell clients whose window it is (pk), by the hash that `odordiff
	// limits` shows. One client that sends for many then knows their windows
	// apart. Default: not told.
	PartitionKey bool `json:"partition_key,omitempty"`

	// Keys that the limit does not count, such as a tenant's where the key is
	// {http.auth.user.tenant}. An address stands for all that share its window. Of
	// a key with a placeholder of the principal only the text is compared, so name
	// principals of several issuers as a principal of the directive.
	Allow []string `json:"allow,omitempty"`

	// Keys whose requests are refused with 403, also if they are in allow. They
	// are compared as those of allow are.
	Deny []string `json:"deny,omitempty"`

	// Whether to decide and count but never refuse, and to tell clients nothing.
	Shadow bool `json:"shadow,omitempty"`

	named    [][]caddyfile.Token // the matcher tokens of a Caddyfile
	matchers caddyhttp.MatcherSets

	limit     window.Limit
	byRequest *requestRate   // nil where the rate is the same for all
	atOnce    inflight.Limit // if it has in_flight
	held      prometheus.Gauge
	waiting   prometheus.Gauge
	allowed   prometheus.Counter
	fixedCost int64
	// whole is the key where that is the same for everyone, and placeholder its
	// name where the key is just one; else both are empty.
	whole, placeholder string
	// blank is the key when no placeholder has a value.
	blank string
	// ofPrincipal says that the key has a placeholder of the principal, whose
	// value is unique only within its authority and tenant.
	ofPrincipal bool
	// doubtful are the placeholders that some requests may not know.
	doubtful []string
	// warned is set when the log has said so, and warnedOfNonsense when it has
	// said that a request has a useless value, or an answer is compressed.
	warned, warnedOfNonsense, warnedOfCoding *atomic.Bool
}

// Names end up in structured header fields, in metrics and in Redis.
var validName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// validUnit is what may stand in a structured field without escapes.
var validUnit = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ._/-]{0,63}$`)

// configure prepares the limit from its options.
func (l *Limit) configure() error {
	if err := l.kind(); err != nil {
		return err
	}
	l.limit = window.Limit{Name: l.Name, OnError: onErrors[l.OnError], Shadow: l.Shadow}
	if l.InFlight == nil {
		if err := errors.Join(l.configureAlgorithm(), l.configureRate()); err != nil {
			return err
		}
		if err := l.limit.Validate(); err != nil {
			return err
		}
	}
	if l.Items != "" && l.Tokens != nil {
		return errors.New("tokens: items is there too: keep one")
	}
	if isNumber(l.Cost) {
		l.fixedCost, _ = strconv.ParseInt(l.Cost, 10, 64)
	}
	l.allowed = decisions.WithLabelValues(l.Name, allowed)
	l.blank = caddy.NewEmptyReplacer().ReplaceAll(l.Key, "")
	names := placeholdersIn(l.Key)
	switch {
	case len(names) == 0:
		l.whole = l.blank
	case l.Key == "{"+names[0]+"}":
		l.placeholder = names[0]
	}
	l.warned, l.warnedOfNonsense, l.warnedOfCoding = new(atomic.Bool), new(atomic.Bool), new(atomic.Bool)
	if err := l.configurePlaceholders(); err != nil {
		return err
	}
	l.Allow, l.Deny = l.maskAll(l.Allow), l.maskAll(l.Deny)
	l.ofPrincipal = strings.Contains(l.Key, "{http.auth.user.")
	l.configureInFlight()
	return nil
}

// onErrors are the values of on_error.
var onErrors = map[string]window.OnError{"local": window.Local, "deny": window.Deny, "allow": window.Allow}

// isCost reports whether the text is a positive number or has a placeholder.
func isCost(text string) bool { return isNumber(text) || strings.Contains(text, "{") }

func isNumber(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n > 0
}

// key returns the key of the window that the request is charged to. Keys of
// different kinds never collide: a user id that looks like an address never
// shares that address's window, and equal ids of two tenants or issuers never
// share one.
func (l *Limit) key(repl *caddy.Replacer, x *exchange.Exchange) string {
	key := l.expand(repl)
	switch {
	case key == l.blank && l.Key != l.blank:
		return "address:" + l.mask(x.ClientIP)
	case l.ofPrincipal && x.Principal != nil:
		return principalKey(x.Principal.Authority, x.Principal.Tenant, key)
	default:
		return "key:" + l.mask(key)
	}
}

// principalKey is the key of a principal: it counts within its authority and
// tenant.
func principalKey(authority, tenant, key string) string {
	return "principal:" + authority + "\n" + tenant + "\n" + key
}

// expand fills in the key's placeholders.
func (l *Limit) expand(repl *caddy.Replacer) string {
	switch {
	case l.placeholder != "":
		value, _ := repl.GetString(l.placeholder)
		return value
	case l.whole != "":
		return l.whole
	}
	return repl.ReplaceAll(l.Key, "")
}

// mask keeps the part of an address that identifies a client. It returns any
// other key unchanged.
func (l *Limit) mask(key string) string {
	addr, err := netip.ParseAddr(key)
	if err != nil {
		return key
	}
	if addr.Is4() && *l.IPv4Prefix == addr.BitLen() {
		return key // An IPv4 address has only one spelling.
	}
	addr = addr.Unmap().WithZone("")
	bits := *l.IPv6Prefix
	if addr.Is4() {
		bits = *l.IPv4Prefix
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return key
	}
	return prefix.Addr().String()
}

func (l *Limit) cost(repl *caddy.Replacer, logger *zap.Logger) int64 {
	if l.fixedCost > 0 {
		return l.fixedCost
	}
	value := repl.ReplaceAll(l.Cost, "")
	if value == "" {
		values.WithLabelValues(l.Name, "cost", "absent").Inc()
		return 1
	}
	cost, err := strconv.ParseInt(value, 10, 64)
	if errors.Is(err, strconv.ErrRange) && cost > 0 {
		return cost // the largest cost, which is refused
	}
	if err != nil || cost < 1 {
		l.warnOfNonsense("cost", logger)
		return 1
	}
	return cost
}
