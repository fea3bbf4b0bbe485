package gate

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/metric"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// outcome is what came of a request at one handler.
type outcome int

// The outcomes.
const (
	// outcomeAllowed means that the request went on to the next handler.
	outcomeAllowed outcome = iota
	// outcomeRefused means that it did not, for a reason of the client's.
	outcomeRefused
	// outcomeFailed means that it did not, for a reason of ours: a status from
	// 500 on.
	outcomeFailed
	// outcomeAnswered means that the handler answered it.
	outcomeAnswered
	outcomes
)

// String returns the outcome as metrics and spans name it.
func (o outcome) String() string {
	return [outcomes]string{"allowed", "refused", "failed", "answered"}[o]
}

// handlerSeconds is the rate, the errors and the duration of each handler.
var handlerSeconds = prometheus.NewHistogramVec(metric.Seconds("gate_handler_seconds",
	"How long a handler worked on a request until it passed it on (outcome allowed), refused it (refused, or from status 500 on failed) or answered it; for gate_fallback with all that comes after it.",
	1e-5, 1e-4, 1e-3, 5e-3, .025, .1, .5, 2.5, 10, 60), []string{"handler", "outcome"})

// work is the metric of the work of one handler, by its outcome. A series is
// made when it is first needed.
type work [outcomes]func() prometheus.Observer

func workOf(handler string) *work {
	w := new(work)
	for o := range outcomes {
		w[o] = sync.OnceValue(func() prometheus.Observer { return handlerSeconds.WithLabelValues(handler, o.String()) })
	}
	return w
}

// passage is a request's way through one handler. It is also the handler after
// that one, to know when the work is done.
type passage struct {
	next   caddyhttp.Handler
	work   *work
	span   *gateSpan // nil where nobody records it
	began  time.Time
	around bool
	passed bool
	ended  bool
}

// passage adds a passage to the visit.
func (v *visit) passage(e Entrance, next caddyhttp.Handler) *passage {
	// Where the room is not enough, earlier passages stay where they are.
	v.passages = append(v.passages, passage{next: next, work: e.work, around: e.around})
	return &v.passages[len(v.passages)-1]
}

// begin begins the work. It returns the context with the work's span.
func (p *passage) begin(ctx context.Context, name string, x *exchange.Exchange) context.Context {
	p.began = time.Now()
	ctx, p.span = beginSpan(ctx, name, x)
	return ctx
}

// ServeHTTP implements caddyhttp.Handler.
func (p *passage) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	p.passed = true
	if !p.around {
		p.end(r.Context(), nil)
	}
	return p.next.ServeHTTP(w, r)
}

// end says what came of the request, unless that is said.
func (p *passage) end(ctx context.Context, err error) {
	if p.ended {
		return
	}
	p.ended = true
	refusal, _ := errors.AsType[*problem.Problem](err)
	came := p.outcome(refusal, err)
	tracing.Observe(ctx, p.work[came](), time.Since(p.began).Seconds())
	if p.span != nil {
		p.span.end(came, refusal)
	}
}

// outcome returns what came of the request. An error that is no problem and
// comes from a handler after this one is not its work.
func (p *passage) outcome(refusal *problem.Problem, err error) outcome {
	switch {
	case refusal != nil && refusal.Status < http.StatusInternalServerError:
		return outcomeRefused
	case refusal != nil:
		return outcomeFailed
	case p.passed:
		return outcomeAllowed
	case err != nil:
		return outcomeFailed
	default:
		return outcomeAnswered
	}
}
