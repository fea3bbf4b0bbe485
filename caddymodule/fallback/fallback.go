// Package fallback has the Caddy handler gate_fallback: the degradation ladder
// around the handlers after it, usually reverse_proxy.
package fallback

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/ladder"
	"github.com/odordiff/odordiff/internal/problem"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// servedBy is the header field that says which rung answered.
const servedBy = "Gate-Served-By"

// Handler answers when the upstream cannot. It passes on the answer of the
// handlers after it, streams included, unless that is a 502, 503 or 504,
// returned or written, before the first byte was sent. Then it serves an
// earlier answer to the same request of the same principal, if `stale` is
// configured and there is one. Otherwise it refuses with 503 and Retry-After.
//
// Every answer says in Gate-Served-By where it came from: live or stale.
type Handler struct {
	// Keeps answers to serve them later. Without it, nothing is kept.
	//
	// Answers to GET and POST are kept. A POST that changes something upstream
	// should not be answered from memory: let such routes go past this
	// handler or set Cache-Control: no-store upstream.
	Stale *Stale `json:"stale,omitempty"`

	// How long a refused client is told to wait. Up to half of it is added at
	// random; a longer Retry-After of the upstream is used instead. Default: 5s.
	RetryAfter *caddy.Duration `json:"retry_after,omitempty"`

	entrance gate.Entrance
	logger   *zap.Logger
	store    *ladder.Store
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.gate_fallback",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision sets defaults and opens the store. A reload that does not change
// the store's limits keeps it.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.logger = ctx.Logger()
	app, err := gate.AppOf(ctx)
	if err != nil {
		return err
	}
	h.entrance = app.Entrance(ctx).Around()
	if err := h.Options().Provision(); err != nil {
		return err
	}
	if err := gate.RegisterMetrics(ctx, served, staleCollector{}); err != nil {
		return err
	}
	if h.Stale == nil {
		return nil
	}
	store, err := h.Stale.open()
	if err != nil {
		return fmt.Errorf("opening the stale store: %w", err)
	}
	h.store = store
	return nil
}

// Validate refuses a store that would never keep its largest answers.
func (h *Handler) Validate() error {
	if h.Stale == nil || *h.Stale.MaxEntry <= *h.Stale.MaxSize {
		return nil
	}
	return fmt.Errorf("stale: max_entry (%s) is larger than max_size (%s), so the largest answers would never be kept",
		humanize.IBytes(uint64(*h.Stale.MaxEntry)), humanize.IBytes(uint64(*h.Stale.MaxSize)))
}

// Cleanup closes the store; the next config may still have it open.
func (h *Handler) Cleanup() error {
	if h.store == nil {
		return nil
	}
	return h.Stale.close()
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return h.entrance.Enter(w, r, next, h)
}

// Serve answers the request from the best rung that can.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error {
	entry, err := h.entryOf(w, r)
	if err != nil {
		return err
	}
	x.Response.OnOutcome(countServed)
	live := newLive(w, x, entry)
	if err := serveLive(live, r, next); err != nil {
		failure, ok := outage(r, err)
		if live.Begun() || !ok {
			return err
		}
		return h.descend(w, r, live, failure.Err)
	}
	if status := live.Withheld(); status != 0 {
		return h.descend(w, r, live, fmt.Errorf("the upstream answered %d", status))
	}
	live.finish()
	return nil
}

// serveLive runs the handlers after us. If an answer breaks off, Caddy's proxy
// panics with http.ErrAbortHandler. If that answer is withheld, the client has
// seen nothing of it, so the next rung can still answer.
func serveLive(live *live, r *http.Request, next caddyhttp.Handler) error {
	defer func() {
		cause := recover()
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) && live.Withheld() != 0 {
			return
		}
		if cause != nil {
			panic(cause)
		}
	}()
	return next.ServeHTTP(live, r)
}

// outage returns the handler error which says that the upstream could not
// answer. A problem is no outage: it is a deliberate refusal, such as that of a
// policy that fails closed, and an earlier answer must not bypass it.
func outage(r *http.Request, err error) (failure caddyhttp.HandlerError, ok bool) {
	var refusal *problem.Problem
	if errors.As(err, &refusal) || r.Context().Err() != nil {
		return failure, false
	}
	ok = errors.As(err, &failure) && ladder.StepsDown(failure.StatusCode)
	return failure, ok
}

// descend answers from below the live rung. The cause must not be a handler
// error itself: Caddy would take its status for that of the refusal around it.
func (h *Handler) descend(w http.ResponseWriter, r *http.Request, live *live, cause error) error {
	wait := max(time.Duration(*h.RetryAfter), live.retryAfter())
	live.rewindHeader()
	if answer, age, ok := live.entry.recall(); ok {
		live.exchange.ServedBy = ladder.Stale
		if line := h.logger.Check(zap.DebugLevel, "served a stale answer"); line != nil {
			line.Write(append(gate.LogFields(live.exchange), zap.Duration("age", age), zap.Error(cause))...)
		}
		serveStale(w, answer, age)
		return nil
	}
	live.exchange.ServedBy = ladder.Unavailable
	return gate.Refuse(w, r, problem.UpstreamUnavailable.
		New("The service cannot answer at the moment. Try again after the time in Retry-After.").
		RetryAfter(ladder.Jitter(wait)).
		Because(cause))
}

// serveStale writes an answer of the store.
func serveStale(w http.ResponseWriter, answer ladder.Answer, age time.Duration) {
	header := w.Header()
	for name, values := range answer.Header {
		// Caddy's header handler edits values in place.
		header[name] = slices.Clone(values)
	}
	header.Set(servedBy, ladder.Stale)
	header.Set("Age", strconv.FormatInt(int64(age/time.Second), 10))
	header.Set("Content-Length", strconv.Itoa(len(answer.Body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // An error means that the client has left.
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ gate.Handler                = (*Handler)(nil)
	_ exchange.Watcher            = (*live)(nil)
)
