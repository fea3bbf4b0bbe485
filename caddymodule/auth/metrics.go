package auth

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var decisions = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gate_auth_decisions_total",
	Help: "Decisions by provider: accepted, anonymous, or the name of the problem. The provider is none where no credential reached one.",
}, []string{"provider", "result"})

const (
	accepted  = "accepted"
	anonymous = "anonymous"
	// nobody is the label of decisions that no provider made.
	nobody = "none"
)

// retryAfter is when a client should try again if credentials cannot be
// checked.
const retryAfter = 5 * time.Second

func count(provider, result string) { decisions.WithLabelValues(provider, result).Inc() }
