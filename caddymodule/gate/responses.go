package gate

import (
	"context"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/metric"
	"github.com/odordiff/odordiff/internal/tracing"
)

// responses counts what clients got.
var responses = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gate_responses_total",
	Help: "Requests that a gate handler took in, by the class of the status that the client got (2xx; none where the connection ended before one), the rung of the ladder that answered, and who cut the response: client, server, or empty where it is whole.",
}, []string{"status", "rung", "cut"})

// count counts what a client got, and how long that took.
func (v *visit) count(ctx context.Context, o exchange.Outcome) {
	responses.WithLabelValues(metric.Class(o.Status), o.ServedBy, string(o.Cut)).Inc()
	route := v.route
	if route == nil {
		route = elsewhere
	}
	tracing.Observe(ctx, route.whole.Of(o.Status), o.Total.Seconds())
	if o.FirstByte > 0 {
		route.first().Observe(o.FirstByte.Seconds())
	}
}

// upstreamOf returns the address of the upstream that Caddy's proxy tried last,
// without its network; "" if it tried none.
func upstreamOf(r *http.Request) string {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return ""
	}
	address, _ := repl.GetString("http.reverse_proxy.upstream.hostport")
	return address
}
