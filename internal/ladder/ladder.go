// Package ladder describes how a request is answered while its upstream fails:
// the rungs that can answer, best first. Live is the upstream itself. Stale is
// an earlier answer to the same request of the same principal, from a [Store].
// If there is none, the request is refused with a time to retry after.
//
// The package decides which answers lead to the next rung, which answers may be
// kept, and for whom. It sends and receives nothing.
package ladder

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// The rungs, as they appear in the header field Gate-Served-By, in metrics and
// logs.
const (
	// Live is the upstream's own answer, now.
	Live = "live"
	// Stale is an answer that the upstream gave earlier.
	Stale = "stale"
	// Unavailable is the refusal when no rung has an answer.
	Unavailable = "unavailable"
)

// StepsDown reports whether a status means that the upstream is unable to
// answer, so that the next rung should. A 500 does not: its cause may just as
// well be the request, and the client should see it.
func StepsDown(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Jitter returns d plus up to a half of it, so that clients that were refused
// together do not all come back together.
func Jitter(d time.Duration) time.Duration {
	return d + rand.N(d/2+1) //nolint:gosec // jitter needs no secrecy
}
