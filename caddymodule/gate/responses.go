package gate

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/exchange"
)

// responses counts what clients got.
var responses = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gate_responses_total",
	Help: "Requests that a gate handler took in, by the class of the status that the client got (2xx; none where the connection ended before one), the rung of the ladder that answered, and who cut the response: client, server, or empty where it is whole.",
}, []string{"status", "rung", "cut"})

func countResponse(o exchange.Outcome) {
	responses.WithLabelValues(statusClass(o.Status), o.ServedBy, string(o.Cut)).Inc()
}

// statusClass returns the class of a status, such as 2xx.
func statusClass(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 200:
		return "1xx"
	case status < 300:
		return "2xx"
	case status < 400:
		return "3xx"
	case status < 500:
		return "4xx"
	default:
		return "5xx"
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
