package limit

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/window"
)

// Limit is one named rule.
type Limit struct {
	// What the limit is called in responses, metrics and logs: a letter, then
	// letters, digits, - and _; 64 at most. Limits of the same name and window
	// share their usage, wherever they are configured.
	Name string `json:"name"`

	// Whose window a request is charged to, with placeholders: {http.vars.client_ip}
	// (in a Caddyfile {client_ip}), {http.auth.user.id},
	// {http.request.header.X-Tenant}. A key with a placeholder of the principal
	// counts within its tenant and issuer. A text without
	// placeholders, such as all, is one window for everyone. Where all
	// placeholders turn out empty, as that of a principal does without one, the
	// client's address takes the key's place, so that strangers neither share a
	// window nor escape the limit.
	Key string `json:"key"`

	// How much any window may hold: a number and a duration, such as 60/1m.
	// Windows are from 1s to 366d. Global placeholders ({env.RATE}) are
	// expanded when the config is loaded.
	Rate string `json:"rate"`

	// What a request costs: a number or a placeholder. What is not a positive
	// number costs 1. A cost above the rate is refused for good, with 422. Default: 1.
	Cost string `json:"cost,omitempty"`

	// How many leading bits tell clients apart when the whole key is an IPv6 address.
	// A client commonly has all of a /64. Default: 64.
	IPv6Prefix int `json:"ipv6_prefix,omitempty"`

	// The same for an IPv4 address. Default: 32.
	IPv4Prefix int `json:"ipv4_prefix,omitempty"`

	// What to do while Redis is slow or gone: local decides in this process,
	// by its share of the rate; deny refuses with 503; allow lets everything
	// pass. Default: local.
	OnError string `json:"on_error,omitempty"`

	// Whether to decide and count but never refuse, and to tell clients nothing.
	Shadow bool `json:"shadow,omitempty"`

	limit     window.Limit
	fixedCost int64
	// blank is what the key comes out as when nothing is known.
	blank string
	// ofPrincipal says that the key has a placeholder of the principal, whose value
	// is unique only within its authority and tenant.
	ofPrincipal bool
	// doubtful are the placeholders that a request may turn out not to know.
	doubtful []string
	// warned is set when the log has said so.
	warned *atomic.Bool
}

// Names end up in structured header fields, in metrics and in Redis.
var validName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

func (l *Limit) configure() error {
	if !validName.MatchString(l.Name) {
		return errors.New("the name must be a letter, then letters, digits, - and _, 64 at most")
	}
	if l.Key == "" {
		return errors.New("key is missing: say whose usage to limit, such as {http.vars.client_ip} ({client_ip} in a Caddyfile), or all")
	}
	if l.Rate == "" {
		return errors.New("rate is missing: write a number and a duration, such as 60/1m")
	}
	rate, span, err := parseRate(l.Rate)
	if err != nil {
		return fmt.Errorf("rate %q: %w", l.Rate, err)
	}
	onError, err := parseOnError(l.OnError)
	if err != nil {
		return err
	}
	if err := l.configurePrefixes(); err != nil {
		return err
	}
	if err := l.configureCost(); err != nil {
		return err
	}
	l.blank = caddy.NewEmptyReplacer().ReplaceAll(l.Key, "")
	l.warned = new(atomic.Bool)
	if err := l.configurePlaceholders(); err != nil {
		return err
	}
	l.ofPrincipal = strings.Contains(l.Key, "{http.auth.user.")
	l.limit = window.Limit{Name: l.Name, Rate: rate, Window: span, OnError: onError, Shadow: l.Shadow}
	return l.limit.Validate()
}

func (l *Limit) configurePrefixes() error {
	if l.IPv6Prefix == 0 {
		l.IPv6Prefix = 64
	}
	if l.IPv4Prefix == 0 {
		l.IPv4Prefix = 32
	}
	if l.IPv6Prefix < 1 || l.IPv6Prefix > 128 {
		return fmt.Errorf("ipv6_prefix is %d: it must be from 1 to 128", l.IPv6Prefix)
	}
	if l.IPv4Prefix < 1 || l.IPv4Prefix > 32 {
		return fmt.Errorf("ipv4_prefix is %d: it must be from 1 to 32", l.IPv4Prefix)
	}
	return nil
}

func (l *Limit) configureCost() error {
	switch {
	case l.Cost == "":
		l.fixedCost = 1
	case !strings.Contains(l.Cost, "{"):
		cost, err := strconv.ParseInt(l.Cost, 10, 64)
		if err != nil || cost < 1 {
			return fmt.Errorf("cost is %q: write a positive number or a placeholder", l.Cost)
		}
		l.fixedCost = cost
	}
	return nil
}

// parseRate understands 60/1m: a number of units and the window that they may be used in.
func parseRate(s string) (rate int64, span time.Duration, err error) {
	s, err = caddy.NewReplacer().ReplaceOrErr(s, true, true)
	if err != nil {
		return 0, 0, err
	}
	const form = "write a number and a duration, such as 60/1m"
	number, duration, found := strings.Cut(s, "/")
	if !found {
		return 0, 0, errors.New(form)
	}
	rate, err = strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not a whole number: %s", number, form)
	}
	span, err = caddy.ParseDuration(duration)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not a duration: %s", duration, form)
	}
	return rate, span, nil
}

func parseOnError(s string) (window.OnError, error) {
	switch s {
	case "", "local":
		return window.Local, nil
	case "deny":
		return window.Deny, nil
	case "allow":
		return window.Allow, nil
	}
	return 0, fmt.Errorf("on_error is %q: write local, deny or allow", s)
}

// key says whose window the request is charged to. The kinds of keys cannot meet:
// nobody gets at an address's window by naming himself like it, nor at that of
// his namesake at another tenant or issuer.
func (l *Limit) key(repl *caddy.Replacer, x *exchange.Exchange) string {
	key := repl.ReplaceAll(l.Key, "")
	switch {
	case key == l.blank && l.Key != l.blank:
		return "address:" + l.mask(x.ClientIP)
	case l.ofPrincipal && x.Principal != nil:
		return "principal:" + x.Principal.Namespace() + "\n" + key
	default:
		return "key:" + l.mask(key)
	}
}

// mask keeps of an address what tells clients apart. Any other key stays as it is.
func (l *Limit) mask(key string) string {
	addr, err := netip.ParseAddr(key)
	if err != nil {
		return key
	}
	addr = addr.Unmap().WithZone("")
	bits := l.IPv6Prefix
	if addr.Is4() {
		bits = l.IPv4Prefix
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
	cost, err := strconv.ParseInt(value, 10, 64)
	if errors.Is(err, strconv.ErrRange) && cost > 0 {
		return cost // as much as there is: refused
	}
	if err != nil || cost < 1 {
		logger.Debug("the cost is not a positive number: charging 1", zap.String("limit", l.Name), zap.String("cost", value))
		return 1
	}
	return cost
}
