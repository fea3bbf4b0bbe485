// Package ladder is what stands between an upstream that is out and a client:
// the rungs that answer in its place, best first. Live is the upstream itself. Stale is an
// earlier answer to the same request of the same principal, from a [Store]. Where
// there is none, the request is refused, with a time to come back after.
//
// The package knows which answers call for the next rung, which answers may be
// kept, and for whom; it moves no HTTP.
package ladder

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// The rungs, as they appear in the header field Gate-Served-By, in metrics and logs.
const (
	// Live is the upstream's own answer, now.
	Live = "live"
	// Stale is an answer that the upstream gave earlier.
	Stale = "stale"
	// Unavailable is no answer: the refusal at the bottom.
	Unavailable = "unavailable"
)

// StepsDown reports whether a status says that the upstream could not do its part, so
// that the next rung should. A 500 does not: it says something about the request
// as likely as about the upstream, and a client should see it.
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
