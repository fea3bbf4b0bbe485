package gate

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// Handler is a gate handler behind its [Entrance].
type Handler interface {
	// Serve is ServeHTTP for a request that has entered. The handler answers
	// through w, which leads to the exchange's response.
	Serve(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler) error
}

// Entrance is where requests enter a gate handler. The zero Entrance refuses
// none.
type Entrance struct {
	guard   *App // nil where nothing is refused
	outside answerer
	tracing *tracing.Provider // nil without a collector
	name    string            // of the handler's spans
	route   *route            // nil where the handler's place has no path
	work    *work             // nil where nobody looks for the handler's work
	timing  string            // who may see timings; empty for nobody
	around  bool
}

// Entrance returns the entrance of the handler that is being provisioned.
func (a *App) Entrance(ctx caddy.Context) Entrance {
	name := nameOf(ctx)
	return Entrance{
		guard: a, outside: answererOf(ctx), tracing: a.tracing,
		name: name, route: a.routeOf(ctx), work: workOf(name), timing: a.timing(),
	}
}

// Unguarded returns the entrance of a handler that lets other handlers refuse
// what must not enter.
func (e Entrance) Unguarded() Entrance {
	e.guard = nil
	return e
}

// Unobserved returns the entrance of a handler that decides nothing, so that
// nobody looks for a span or a metric of it.
func (e Entrance) Unobserved() Entrance {
	e.work = nil
	return e
}

// Around returns the entrance of a handler whose work lasts until those after
// it are done. Its span is around theirs; that of another ends before them.
func (e Entrance) Around() Entrance {
	e.around = true
	return e
}

// Enter makes the handler serve a request, or refuses it: a change of protocol
// would bypass every later handler, and a request in early data may be a
// replay. The first gate handler of a request makes the exchange, opens its
// response, and reports the outcome when it is done.
func (e Entrance) Enter(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, h Handler) (err error) {
	v := visitOf(r)
	v.narrow(e.route)
	if !v.Response.Open(w) {
		return e.serve(w, r, v, next, h)
	}
	e.time(&v.Exchange)
	traced := e.trace(r, &v.Exchange)
	returned := false
	defer func() { e.leave(traced, v, err, !returned) }()
	err = e.serve(&v.Response, traced, v, next, h)
	returned = true
	return err
}

// serve makes the handler serve the request, and observes its work.
func (e Entrance) serve(w http.ResponseWriter, r *http.Request, v *visit, next caddyhttp.Handler, h Handler) (err error) {
	if e.work == nil {
		return e.admit(w, r, &v.Exchange, next, h)
	}
	if v.Timings != nil {
		v.Timings.Begin(e.name)
		defer v.Timings.End()
		next = timed{v.Timings, next}
	}
	p := v.passage(e, next)
	ctx := p.begin(r.Context(), e.name, &v.Exchange)
	defer func() { p.end(ctx, err) }()
	if p.span != nil && e.around {
		r = r.WithContext(ctx)
	}
	return e.admit(w, r, &v.Exchange, p, h)
}

// admit makes the handler serve the request, unless it must not enter.
func (e Entrance) admit(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler, h Handler) error {
	if e.guard != nil {
		if refusal := e.guard.inadmissible(r); refusal != nil {
			return Refuse(w, r, refusal)
		}
	}
	return h.Serve(w, r, x, next)
}

// leave ends the first handler. Either the outcome is now known, or error
// routes still have to answer.
func (e Entrance) leave(r *http.Request, v *visit, err error, panicked bool) {
	if err != nil && e.outside == routesAnswer {
		v.Response.Leave(err)
		return
	}
	v.Upstream = upstreamOf(r)
	v.count(r.Context(), v.End(exchange.Ending{
		Status:     e.outside.status(r, err),
		Err:        err,
		Aborted:    panicked,
		ClientLeft: r.Context().Err() != nil,
	}))
}

// inadmissible returns the refusal of a request that must not enter, or nil.
func (a *App) inadmissible(r *http.Request) *problem.Problem {
	if mayBeReplayed(r) {
		return problem.TooEarly.New("Send the request again when the TLS handshake is complete.")
	}
	return a.CheckUpgrade(r)
}

// mayBeReplayed reports whether a request with a side effect came in TLS early
// data (RFC 8470), here or at a proxy before us. Anyone who has recorded such a
// request can send it again.
func mayBeReplayed(r *http.Request) bool {
	early := r.TLS != nil && !r.TLS.HandshakeComplete || r.Header.Get("Early-Data") == "1"
	return early && !SafeMethod(r.Method)
}

// SafeMethod reports whether a method is safe (RFC 9110, section 9.2.1): it
// only reads, so a repeated request does nothing twice.
func SafeMethod(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// CheckUpgrade returns the refusal of a request that asks for a protocol which
// the option upgrade does not name, or nil. After the change the connection is
// a tunnel: what goes through it is not authenticated, limited or judged.
func (a *App) CheckUpgrade(r *http.Request) *problem.Problem {
	for _, protocol := range protocols(r) {
		if !slices.ContainsFunc(a.Upgrade, func(named string) bool { return strings.EqualFold(named, protocol) }) {
			return problem.UpgradeRefused.New("The connection stays with HTTP; send the request without Upgrade.")
		}
	}
	return nil
}

// protocols returns the protocols that the request asks to change to, by
// Upgrade or by an extended CONNECT (RFC 8441, RFC 9220). For a plain CONNECT
// it is "".
func protocols(r *http.Request) []string {
	if r.Method == http.MethodConnect {
		if r.ProtoMajor == 3 && !strings.HasPrefix(r.Proto, "HTTP/") {
			return []string{r.Proto}
		}
		return []string{r.Header.Get(":protocol")}
	}
	// Without the connection option, the field has no effect.
	if !httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") {
		return nil
	}
	return members(r.Header["Upgrade"])
}

// upgradable is what may be named in upgrade.
const upgradable = "the name of a protocol such as websocket (h2c is none: any number of requests would pass through it unjudged; " +
	"for an upstream that speaks it, write `versions h2c` into its transport)"

// mayUpgrade reports whether the text is the name of a protocol other than
// HTTP.
func mayUpgrade(protocol string) bool {
	return !strings.EqualFold(protocol, "h2c") && httpguts.ValidHeaderFieldName(strings.Replace(protocol, "/", "-", 1))
}
