// Package upstream is how the gateway reaches the services behind it: the Caddy
// selection policy gate_breaker and the Caddy transport gate.
//
// The selection policy chooses only upstreams whose breaker admits an attempt.
// The permit for the attempt travels with the request to the transport. That is
// Caddy's HTTP transport, but it also reports the outcome of each attempt to
// the breaker, and it can send again a body that the gateway has read.
//
// Caddy's own circuit breakers do not suffice: a proxy has one for all of its
// upstreams, asks it several times for each attempt, and never reports a
// refused connection to it. So there is a policy, which knows the upstream, and
// a transport, which sees the outcome.
package upstream
