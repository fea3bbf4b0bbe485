package gate

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/redact"
)

// Refuse returns the error that ends a request with the given problem, to be
// returned by a handler and rendered by gate_problem. What matters is done at
// once, even if a site has no gate_problem: see [Prepare].
func Refuse(w http.ResponseWriter, r *http.Request, p *problem.Problem) error {
	return refusal(Prepare(w, r, p))
}

// RefuseToSend is [Refuse] for a transport, which has no response yet. The
// problem must have no fields.
func RefuseToSend(r *http.Request, p *problem.Problem) error {
	return refusal(record(r, p))
}

func refusal(p *problem.Problem) error {
	// caddyhttp.Error would return a HandlerError that it finds among the causes,
	// and so lose the problem.
	return caddyhttp.HandlerError{ID: p.Name, StatusCode: p.Status, Err: p}
}

// Prepare prepares the response for a refusal. It adds the problem's fields to
// the header, so that a 401 has its WWW-Authenticate. It records the refusal,
// once for each request. And it makes the response not wait for the rest of the
// request's body. If the client has left, it does nothing.
//
// It returns the problem to answer with: another one if the audit trail is
// required and cannot record this.
//
// Prepare is for gate_problem, which answers what other handlers refuse; those
// call [Refuse].
func Prepare(w http.ResponseWriter, r *http.Request, p *problem.Problem) *problem.Problem {
	if x := ExchangeOf(r); x.Refused != "" || p.Status == problem.StatusClientLeft {
		maps.Copy(w.Header(), p.Fields)
		return p // done already, or nobody is left to refuse
	}
	p = record(r, p)
	maps.Copy(w.Header(), p.Fields)
	answerAtOnce(w, r, p)
	return p
}

const (
	// arrival is how long the rest of a body may take to arrive if the client is
	// to keep its connection. Most clients send head and body together.
	arrival = 100 * time.Millisecond
	// maxRest is how much of a body is worth reading for that.
	maxRest = 64 << 10
	// lingering is how long a client may read the response before its connection
	// is closed, while it may still be sending.
	lingering = time.Second
)

// answerAtOnce keeps net/http from reading the rest of an HTTP/1 body before it
// sends the response. A client that waits for 100 Continue, or sends nothing,
// would delay that until the timeout. HTTP/2 and HTTP/3 do not wait. Full
// duplex does not help: net/http panics if the rest comes after the response.
func answerAtOnce(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 || ExchangeOf(r).Read() {
		return
	}
	control := http.NewResponseController(w)
	wanted := p.Status != http.StatusRequestEntityTooLarge && r.Header.Get("Expect") == ""
	if wanted && arrives(control, r.Body) {
		return
	}
	w.Header().Set("Connection", "close")
	// The writers of tests cannot do this, and need not.
	_ = control.SetReadDeadline(time.Now().Add(lingering))
}

// arrives reports whether the rest of a body is there or arrives in a moment.
func arrives(control *http.ResponseController, body io.Reader) bool {
	if control.SetReadDeadline(time.Now().Add(arrival)) != nil {
		return false
	}
	_, err := io.CopyN(io.Discard, body, maxRest)
	if !errors.Is(err, io.EOF) {
		return false
	}
	// From now on net/http watches the connection: it must not time out.
	return control.SetReadDeadline(time.Time{}) == nil
}

// refusals counts what is recorded.
var refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gate_refusals_total",
	Help: "Refused requests by status, problem, and reason: the limit, the gravest rule of the policy, or the provider that refused; empty where there is none.",
}, []string{"status", "problem", "reason"})

// record records a refused request: in the audit trail, in a line of the logger
// gate.refusals, and in the metric gate_refusals_total. It returns the problem
// that the request is refused with.
func record(r *http.Request, p *problem.Problem) *problem.Problem {
	x := ExchangeOf(r)
	p = auditRefusal(r, x, p)
	x.Refused = p.Name
	refusals.WithLabelValues(strconv.Itoa(p.Status), p.Name, reasons.label(p.RefusedBy)).Inc()
	level := zapcore.InfoLevel
	if p.Status >= http.StatusInternalServerError {
		level = zapcore.ErrorLevel
	}
	if line := refusalLog().Check(level, "refused"); line != nil {
		line.Write(refusalFields(x, p)...)
	}
	return p
}

// LogFields returns the fields that each line about a request begins with: its
// id, and that of its trace if there is one.
func LogFields(x *exchange.Exchange) []zap.Field {
	fields := append(make([]zap.Field, 0, 12), zap.String("request_id", x.ID()))
	if x.TraceID != "" {
		fields = append(fields, zap.String("trace_id", x.TraceID))
	}
	return fields
}

// refusalFields returns the fields that say who was refused and why. They
// contain nothing that the client wrote, such as the prompt.
func refusalFields(x *exchange.Exchange, p *problem.Problem) []zap.Field {
	fields := append(LogFields(x),
		zap.Int("status", p.Status),
		zap.String("problem", p.Name),
		zap.String("client_ip", redact.Address(x.ClientIP)),
	)
	if len(p.RefusedBy) > 0 {
		fields = append(fields, zap.Strings("by", p.RefusedBy))
	}
	if who := x.Principal; who != nil {
		fields = append(fields, zap.String("principal", who.ID), zap.String("method", who.Method))
		if who.Authority != "" {
			fields = append(fields, zap.String("authority", who.Authority))
		}
		if who.Tenant != "" {
			fields = append(fields, zap.String("tenant", who.Tenant))
		}
	}
	if x.Decision != nil {
		fields = append(fields, zap.String("policy_revision", x.Decision.Revision))
	}
	if cause := p.Unwrap(); cause != nil && p.Status >= http.StatusInternalServerError {
		fields = append(fields, zap.String("error", redact.Text(cause.Error())))
	}
	return fields
}

// currentLog is the logger of the running config. Requests of an earlier config
// log there too, because its own log may be closed.
var currentLog atomic.Pointer[zap.Logger]

func refusalLog() *zap.Logger {
	if logger := currentLog.Load(); logger != nil {
		return logger
	}
	return caddy.Log().Named("gate.refusals") // no gate app is started
}

// takeOverLog makes the logger the current one until the returned function is
// called. A config that fails to start so gives it back to the one that keeps
// running.
func takeOverLog(logger *zap.Logger) (restore func()) {
	before := currentLog.Swap(logger)
	return func() { currentLog.CompareAndSwap(logger, before) }
}

// maxReasons bounds the reasons that metrics distinguish, so that a policy with
// computed ids cannot fill the memory.
const maxReasons = 256

// otherReason is the label of all further reasons.
const otherReason = "other"

// validReason is what a name of the configuration looks like.
var validReason = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$`)

// reasons are the reasons that were counted so far in this process.
var reasons = &vocabulary{seen: make(map[string]bool)}

type vocabulary struct {
	mu   sync.Mutex
	seen map[string]bool
}

// label returns the first of the names, or otherReason if that may not be a
// metric's label.
func (v *vocabulary) label(names []string) string {
	if len(names) == 0 {
		return ""
	}
	name := names[0]
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[name] {
		return name
	}
	if len(v.seen) >= maxReasons || !validReason.MatchString(name) {
		return otherReason
	}
	v.seen[name] = true
	return name
}
