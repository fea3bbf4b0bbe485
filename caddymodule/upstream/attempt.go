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

	"github.com/odordiff/odordiff/internal/breaker"
)

// errSlow is the failure of an upstream that lets a client wait for too long.
var errSlow = errors.New("no response header in time")

// attempt makes one attempt and settles its permit.
func (t *Transport) attempt(req *http.Request, inMemory bool, permit *breaker.Permit) (*http.Response, error) {
	clock := startClock(time.Duration(*t.SlowAfter), func() { permit.Failure(errSlow) })
	defer clock.stop()
	var upload *upload
	if !inMemory {
		req, upload = watchUpload(req, clock)
	}
	res, err := t.send(req)
	if err != nil {
		settle(req.Context(), permit, upload, err)
		return nil, err
	}
	t.observe(req, res, permit)
	return res, nil
}

// send makes Caddy's round trip, only once, and refuses answers that Caddy
// cannot pass on.
func (t *Transport) send(req *http.Request) (*http.Response, error) {
	attempt, journey := follow(req)
	res, err := t.HTTPTransport.RoundTrip(attempt)
	if err != nil {
		return nil, journey.explain(req, err)
	}
	if err := checkStatus(req, res); err != nil {
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
func settle(ctx context.Context, permit *breaker.Permit, upload *upload, err error) {
	if clientLeft(ctx, err) || upload.failed() || errors.Is(err, errUnsent) {
		permit.Release()
		return
	}
	permit.Failure(err)
}

// clientLeft reports whether an error arose because the client has left. A
// deadline is different: an upstream that takes too long has failed.
func clientLeft(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled)
}

// observe judges a response by its status, or else watches its body.
func (t *Transport) observe(req *http.Request, res *http.Response, permit *breaker.Permit) {
	switch {
	case t.fails(res.StatusCode):
		permit.Failure(fmt.Errorf("status %d", res.StatusCode))
	case res.StatusCode == http.StatusSwitchingProtocols, res.Body == nil, res.Body == http.NoBody:
		// The connection is now a tunnel, or the response has no body.
		permit.Success()
	case permit.Probe():
		permit.Success()
		res.Body = &body{ReadCloser: res.Body, ctx: req.Context(), permit: permit, fail: permit.Breaker().Fail}
	default:
		res.Body = &body{ReadCloser: res.Body, ctx: req.Context(), permit: permit, fail: permit.Failure}
	}
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
	fail   func(error)
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
