package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/tracing"
)

// errSlow is the failure of an upstream that lets a client wait for too long.
var errSlow = errors.New("no response header in time")

// attempt is one attempt on an upstream. It holds all that watches it, so that
// an attempt is one object.
type attempt struct {
	request *http.Request   // as Caddy made it; it must not be changed
	sent    *http.Request   // what Go's client gets
	permit  *breaker.Permit // nil if no breaker guards the upstream
	span    trace.Span      // nil for a request that is not traced

	journey journey
	clock   clock
	upload  upload
	body    body
}

func (t *Transport) newAttempt(req *http.Request, permit *breaker.Permit) *attempt {
	a := &attempt{request: req, permit: permit}
	a.sent = a.journey.follow(req, t.multiplexes(req))
	return a
}

// multiplexes reports whether a request may go by HTTP/2 or HTTP/3.
func (t *Transport) multiplexes(req *http.Request) bool {
	return t.TLS != nil || req.URL.Scheme == "https" ||
		slices.ContainsFunc(t.Versions, func(version string) bool { return version == "h2c" || version == "3" })
}

// watched sends the request, watched, and settles its permit.
func (t *Transport) watched(a *attempt) (*http.Response, error) {
	a.clock.start(time.Duration(*t.SlowAfter), a.slow)
	defer a.clock.stop()
	if !rewind(a.sent) {
		a.upload.watch(a.sent, &a.clock)
	}
	res, err := t.send(a)
	if err != nil {
		a.settle(err)
		return nil, err
	}
	t.observe(a, res)
	return res, nil
}

// count counts the attempt, which began at that time.
func (a *attempt) count(began time.Time, res *http.Response, err error) {
	seconds := time.Since(began).Seconds()
	ctx := a.request.Context()
	if err != nil {
		tracing.Observe(ctx, attemptSeconds.WithLabelValues(kindOf(ctx, err)), seconds)
		return
	}
	tracing.Observe(ctx, answers.Of(res.StatusCode), seconds)
}

// slow says that the upstream takes too long.
func (a *attempt) slow() { a.permit.Failure(errSlow) }

// send makes Caddy's round trip, only once, and refuses answers that Caddy
// cannot pass on.
func (t *Transport) send(a *attempt) (*http.Response, error) {
	res, err := t.HTTPTransport.RoundTrip(a.sent)
	if err != nil {
		return nil, a.journey.explain(a.request, err)
	}
	if err := checkStatus(a.request, res); err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	return res, nil
}

// checkStatus refuses an answer that Go's client accepts but a server cannot
// send. Caddy's handler panics at a status below 100, and turns a switch to a
// protocol that the client did not ask for into an empty 200.
func checkStatus(req *http.Request, res *http.Response) error {
	asked, got := req.Header.Get("Upgrade"), res.Header.Get("Upgrade")
	switch {
	case res.StatusCode < http.StatusContinue:
		return fmt.Errorf("the upstream answered with the invalid status %d", res.StatusCode)
	case res.StatusCode == http.StatusSwitchingProtocols && (asked == "" || !strings.EqualFold(asked, got)):
		return errors.New("the upstream switched to a protocol without being asked to")
	}
	return nil
}

// settle judges an attempt that ended with an error.
func (a *attempt) settle(err error) {
	if clientLeft(a.request.Context(), err) || a.upload.broken.Load() || errors.Is(err, errUnsent) {
		a.permit.Release()
		return
	}
	a.permit.Failure(err)
}

// clientLeft reports whether an error arose because the client has left. A
// deadline is different: an upstream that takes too long has failed.
func clientLeft(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled)
}

// observe judges a response by its status, or else watches its body.
func (t *Transport) observe(a *attempt, res *http.Response) {
	switch {
	case t.fails(res.StatusCode):
		a.permit.Failure(fmt.Errorf("status %d", res.StatusCode))
		return
	case res.StatusCode == http.StatusSwitchingProtocols, res.Body == nil, res.Body == http.NoBody:
		// The connection is now a tunnel, or the response has no body.
		a.permit.Success()
		return
	case a.permit.Probe():
		a.permit.Success()
	}
	a.body = body{ReadCloser: res.Body, ctx: a.request.Context(), permit: a.permit}
	res.Body = &a.body
}

func (t *Transport) fails(status int) bool {
	return slices.ContainsFunc(t.FailOn, func(configured int) bool {
		return caddyhttp.StatusCodeMatches(status, configured)
	})
}

// body settles a permit when a response's body ends.
type body struct {
	io.ReadCloser
	ctx context.Context
	// settled already for a probe; settling again does nothing
	permit *breaker.Permit
	ended  bool
}

// Read notes whether the body is complete, or breaks off and why.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil || b.ended {
		return n, err
	}
	b.ended = true
	switch {
	case err == io.EOF:
		b.permit.Success()
	case clientLeft(b.ctx, err):
		b.permit.Release()
	default:
		b.fail(fmt.Errorf("response broke off: %w", err))
	}
	return n, err
}

func (b *body) fail(cause error) {
	if b.permit.Probe() {
		b.permit.Breaker().Fail(cause)
		return
	}
	b.permit.Failure(cause)
}

// Close settles the permit if the body was not read to its end. Unless the
// client has left, the proxy did not want the rest, and the upstream has done
// its part.
func (b *body) Close() error {
	if b.ctx.Err() != nil {
		b.permit.Release()
	}
	b.permit.Success()
	return b.ReadCloser.Close()
}
