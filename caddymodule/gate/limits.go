package gate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/window"
)

// DeclaredLimit is a limit of the config, as its module declares it to those
// who look after limits while the gateway runs.
type DeclaredLimit struct {
	// Limit is what the limit allows where a request says nothing else.
	Limit window.Limit
	// Key, Rate, Algorithm and OnError are the options as they are configured.
	Key, Rate, Algorithm, OnError string
	// KeyOf returns the key of the window that a sender is charged to. The error
	// says what must be known of the sender.
	KeyOf func(Sender) (string, error)
}

// Sender is what an operator knows of a sender whose window they look for.
type Sender struct {
	// Key is the value of the limit's key, such as the id of a principal.
	Key string `json:"key,omitempty"`
	// Tenant and Issuer tell the principal from its namesakes. The issuer is empty
	// where the keyring vouches for it.
	Tenant string `json:"tenant,omitempty"`
	Issuer string `json:"issuer,omitempty"`
	// Address is that of a sender without what the key asks for.
	Address string `json:"address,omitempty"`
}

// DeclareLimit makes a limit of the config known.
func (a *App) DeclareLimit(limit DeclaredLimit) { a.declared.add(limit) }

// declaredLimits are those of a config.
type declaredLimits struct {
	mu     sync.Mutex
	limits []DeclaredLimit
}

func (d *declaredLimits) add(limit DeclaredLimit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limits = append(d.limits, limit)
}

func (d *declaredLimits) all() []DeclaredLimit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.limits)
}

// controlled is the app of the running config, whose limits the admin API
// shows and changes.
var controlled atomic.Pointer[App]

// takeOverControl makes the app the one whose limits are controlled, until the
// returned function is called. A config that fails to start so gives them back
// to the one that keeps running.
func takeOverControl(next *App) (end func()) {
	before := controlled.Swap(next)
	return func() { controlled.CompareAndSwap(next, before) }
}

// limitChoice is how a request to the admin API names a limit, and the window
// of one of its keys.
type limitChoice struct {
	Limit string `json:"limit"`
	// Window tells limits of one name apart, such as 1h.
	Window string `json:"window,omitempty"`
	// Hash is what a list shows of a key.
	Hash string `json:"hash,omitempty"`
	Sender
}

// find returns the limit that is chosen.
func (c limitChoice) find(limits []DeclaredLimit) (DeclaredLimit, error) {
	var span time.Duration
	if c.Window != "" {
		var err error
		if span, err = caddy.ParseDuration(c.Window); err != nil {
			return DeclaredLimit{}, badRequest("window: %q is no duration: write one such as 1m or 24h", c.Window)
		}
	}
	var known, spans []string
	var found []DeclaredLimit
	for _, l := range limits {
		known = append(known, l.Limit.Name)
		if l.Limit.Name != c.Limit {
			continue
		}
		spans = append(spans, override.Span(l.Limit.Window))
		if span == 0 || span == l.Limit.Window {
			found = append(found, l)
		}
	}
	slices.Sort(spans)
	spans = slices.Compact(spans)
	switch {
	case len(known) == 0:
		return DeclaredLimit{}, apiError(http.StatusNotFound, "limit: the configuration has none: gate_limit adds one")
	case len(spans) == 0:
		slices.Sort(known)
		return DeclaredLimit{}, apiError(http.StatusNotFound, "limit: there is no %q: there are %s", c.Limit, strings.Join(slices.Compact(known), ", "))
	case len(found) == 0:
		return DeclaredLimit{}, apiError(http.StatusNotFound, "window: %q has none of %s: it has %s", c.Limit, override.Span(span), strings.Join(spans, ", "))
	case span == 0 && len(spans) > 1:
		return DeclaredLimit{}, badRequest("window: missing: there are limits %q with windows of %s: say which", c.Limit, strings.Join(spans, ", "))
	}
	return found[0], nil
}

// keyed reports whether the choice is of one key.
func (c limitChoice) keyed() bool { return c.Hash != "" || c.Sender != Sender{} }

// charge returns a charge of nothing to the window that is chosen.
func (c limitChoice) charge(l DeclaredLimit) (window.Charge, error) {
	charge := window.Charge{Limit: l.Limit}
	switch {
	case c.Hash == "":
		var err error
		if charge.Key, err = l.KeyOf(c.Sender); err != nil {
			return charge, badRequest("%w", err)
		}
	case c.Sender != Sender{}:
		return charge, badRequest("hash: it says by itself whose window it is: leave out the key, the tenant, the issuer and the address, or the hash")
	default:
		id, err := window.ParseID(c.Hash)
		if err != nil {
			return charge, badRequest("hash: %w", err)
		}
		charge.Key = id.Key()
	}
	return charge, nil
}

// target returns what an override for the choice is for: a key, or all of the
// limit.
func (c limitChoice) target(l DeclaredLimit) (override.Target, error) {
	target := override.Target{Limit: l.Limit.Name, Window: l.Limit.Window}
	if !c.keyed() {
		return target, nil
	}
	charge, err := c.charge(l)
	target.Key = window.IDOf(charge)
	return target, err
}

// badRequest is the answer to a request that makes no sense.
func badRequest(format string, arguments ...any) error {
	return apiError(http.StatusBadRequest, format, arguments...)
}

// apiError is an error as the admin API answers it. Caddy logs it, so it must
// not name a key.
func apiError(status int, format string, arguments ...any) error {
	return caddy.APIError{HTTPStatus: status, Err: fmt.Errorf(format, arguments...)}
}
