package gate

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/exchange"
)

const (
	timingOff      = "off"
	timingEveryone = "everyone"
)

// isTiming reports whether the text can stand after server_timing.
func isTiming(text string) bool { return text != "" && !strings.ContainsAny(text, " \t\",") }

// timing returns who may see timings, or "".
func (a *App) timing() string {
	if a.ServerTiming == timingOff {
		return ""
	}
	return a.ServerTiming
}

// time has the request timed, if the operator wants that.
func (e Entrance) time(x *exchange.Exchange) {
	if e.timing == "" || x.Timings != nil {
		return
	}
	x.Time(func() bool {
		return e.timing == timingEveryone || x.Principal != nil && slices.Contains(x.Principal.Scopes, e.timing)
	})
}

// TimingsOf returns the timings of a request, nil where nobody wants to know.
func TimingsOf(r *http.Request) *exchange.Timings {
	if x, ok := ExchangeIn(r); ok {
		return x.Timings
	}
	return nil
}

// timed is the handler after one that is timed: the time of that ends here.
type timed struct {
	*exchange.Timings

	next caddyhttp.Handler
}

// ServeHTTP implements caddyhttp.Handler.
func (t timed) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	t.End()
	return t.next.ServeHTTP(w, r)
}
