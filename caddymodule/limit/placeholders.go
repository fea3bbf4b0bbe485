package limit

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/exchange"
)

const (
	// requestPrefix begins the placeholders that Caddy makes for each request.
	requestPrefix = "http.request."
	// userPrefix begins those that authentication makes for the principal.
	userPrefix = "http.auth.user."
)

// configurePlaceholders refuses a placeholder that no request can know, and
// notes those that only some requests know. A misspelt one would be empty for
// everyone: the limit would count by address, or its cost would be 1.
func (l *Limit) configurePlaceholders() error {
	var sample *caddy.Replacer
	for option, text := range map[string]string{"key": l.Key, "cost": l.Cost, "rate": l.Rate} {
		for _, name := range placeholdersIn(text) {
			if !strings.HasPrefix(name, requestPrefix) {
				// A rate has a default for those that lack the value.
				if option != "rate" && !alwaysKnown(name) {
					l.doubtful = append(l.doubtful, name)
				}
				continue
			}
			if sample == nil {
				sample = sampleReplacer()
			}
			if _, known := sample.Get(name); !known {
				return fmt.Errorf("%s: there is no placeholder {%s}: Caddy knows those of a request that its documentation lists, such as {http.request.remote.host}", option, name)
			}
		}
	}
	slices.Sort(l.doubtful)
	return nil
}

// placeholdersIn returns the names of a text's placeholders.
func placeholdersIn(text string) []string {
	var names []string
	// The function never fails, so neither does the replacement.
	_, _ = caddy.NewEmptyReplacer().ReplaceFunc(text, func(name string, _ any) (any, error) {
		names = append(names, name)
		return "", nil
	})
	return names
}

// alwaysKnown reports whether a placeholder is one of the variables, which may
// be empty, one that gate_auth sets for every principal, or a global one.
func alwaysKnown(name string) bool {
	if strings.HasPrefix(name, "http.vars.") {
		return true
	}
	switch strings.TrimPrefix(name, userPrefix) {
	case "id", "tenant", "scopes", "method":
		return strings.HasPrefix(name, userPrefix)
	}
	_, global := caddy.NewReplacer().Get(name)
	return global
}

// sampleReplacer returns a replacer that knows the placeholders of a request.
func sampleReplacer() *caddy.Replacer {
	repl := caddy.NewReplacer()
	ctx := context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{}))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", http.NoBody)
	if err != nil {
		panic(err) // unreachable: the request is constant
	}
	caddyhttp.PrepareRequest(r, repl, nil, new(caddyhttp.Server))
	return repl
}

// warnOfUnknown logs once that a placeholder has no value in a request that
// should have one. It checks a principal's claims only if there is a principal.
func (l *Limit) warnOfUnknown(repl *caddy.Replacer, x *exchange.Exchange, logger *zap.Logger) {
	for _, name := range l.doubtful {
		if l.warned.Load() {
			return
		}
		value, known := repl.GetString(name)
		if strings.HasPrefix(name, userPrefix) {
			known = value != "" || !authenticated(repl, x)
		}
		if !known && l.warned.CompareAndSwap(false, true) {
			logger.Warn("a placeholder of the limit has no value, so that its part of the key is empty, and of an empty key the client's address takes the place; an empty cost is 1",
				zap.String("limit", l.Name), zap.String("placeholder", name))
		}
	}
}

func authenticated(repl *caddy.Replacer, x *exchange.Exchange) bool {
	id, _ := repl.GetString(userPrefix + "id")
	return x.Principal != nil || id != ""
}
