package upstream

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/odordiff/odordiff/caddymodule/gate"
)

// errGivenBack is the failure of an upstream that did not answer a request,
// when Go's client would have sent the request again.
var errGivenBack = errors.New("the upstream gave the request back unanswered, and it is not safe to send twice")

// journey follows one attempt through Go's client. It records how far the
// attempt came, and sends a request that must not be repeated only once.
// Caddy's retries decide what is repeated, but Go's client also repeats on its
// own, over HTTP/2 even a POST, whenever the upstream refuses the stream or
// closes the connection.
type journey struct {
	trace httptrace.ClientTrace
	stop  context.CancelFunc // nil for what may be repeated, or is not

	// Go's client calls the hooks on goroutines of its own.
	connected atomic.Bool
	left      atomic.Bool // the head of the request, at least into a buffer
	repeated  atomic.Bool
}

// follow returns a copy of the request with hooks that follow it. A request
// that goes by HTTP/1 needs no stop: the client repeats it only if not a byte
// of it was written.
func (j *journey) follow(req *http.Request, multiplexed bool) *http.Request {
	once, ctx := !gate.SafeMethod(req.Method), req.Context()
	if once && multiplexed {
		ctx, j.stop = context.WithCancel(ctx) // ends with the request at the latest
	}
	j.trace.GotConn, j.trace.WroteHeaders = j.gotConnection, j.wroteHeaders
	sent := req.WithContext(httptrace.WithClientTrace(ctx, &j.trace))
	if once {
		sent.Header = disguiseKeys(req.Header)
	}
	return sent
}

func (j *journey) wroteHeaders() { j.left.Store(true) }

// gotConnection stops a second sending of a request before any of it is
// written: HTTP/2 and HTTP/3 check the context once more before they write.
func (j *journey) gotConnection(httptrace.GotConnInfo) {
	j.connected.Store(true)
	if j.stop != nil && j.left.Load() {
		j.repeated.Store(true)
		j.stop()
	}
}

// explain returns what an error of the attempt means.
func (j *journey) explain(req *http.Request, err error) error {
	switch {
	case j.repeated.Load():
		return errGivenBack
	case !j.left.Load():
		return j.unsent(req, err)
	}
	return err
}

// disguiseKeys changes the case of the fields by which Go's client takes any
// request for one that it may repeat. To the upstream, the case of a field's
// name means nothing.
func disguiseKeys(header http.Header) http.Header {
	const key, otherKey = "Idempotency-Key", "X-Idempotency-Key"
	if header[key] == nil && header[otherKey] == nil {
		return header
	}
	header = maps.Clone(header) // the map belongs to Caddy
	for _, name := range []string{key, otherKey} {
		if values, found := header[name]; found {
			delete(header, name)
			header[strings.ToLower(name)] = values
		}
	}
	return header
}
