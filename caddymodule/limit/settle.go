package limit

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/http/httpguts"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/figure"
	"github.com/odordiff/odordiff/internal/window"
)

// settleTimeout is how long the store may take to settle. No client waits.
const settleTimeout = 5 * time.Second

// isFigure reports whether the text says where an answer has a figure: a JSON
// Pointer, or the name of a header field.
func isFigure(text string) bool { return isPointer(text) || httpguts.ValidHeaderFieldName(text) }

// meter watches an answer for what its request has cost in truth.
type meter struct {
	handler      *Handler
	reservations []reservation
}

// reservation is a charge that is to be settled.
type reservation struct {
	window.Settlement

	limit   *Limit
	known   bool // the true cost
	encoded bool // the body could not be read
	finders []finder
}

// finder finds a figure in a body as it passes.
type finder interface {
	Write(piece []byte)
	Value() (n int64, known bool)
}

// measure returns the writer for the handlers to come. If a limit is to be
// settled, it watches their answer.
func (h *Handler) measure(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, b *bill, verdict window.Verdict) http.ResponseWriter {
	if !h.settles {
		return w
	}
	m := &meter{handler: h}
	for i, charge := range b.charges {
		l := &h.Limits[b.of[i]]
		if len(l.Settle) == 0 || verdict.States[i].At.IsZero() {
			continue
		}
		if l.readsAnswers() {
			// What is compressed cannot be read.
			r.Header.Set("Accept-Encoding", "identity")
		}
		m.reservations = append(m.reservations, reservation{
			Settlement: window.Settlement{Charge: charge, State: verdict.States[i]}, limit: l,
		})
	}
	if len(m.reservations) == 0 {
		return w
	}
	x.Response.OnOutcome(m.settle)
	return exchange.Watch(w, m)
}

// Begin implements [exchange.Watcher].
func (m *meter) Begin(head *exchange.Head) exchange.Action {
	coding := head.Header.Get("Content-Encoding")
	encoded := coding != "" && !strings.EqualFold(coding, "identity")
	action := exchange.Pass
	for i := range m.reservations {
		r := &m.reservations[i]
		if r.Cost, r.known = r.limit.figureIn(head.Header); r.known {
			continue
		}
		r.finders = r.limit.findersFor(head.Header.Get("Content-Type"))
		switch {
		case len(r.finders) == 0:
		case encoded:
			r.finders, r.encoded = nil, true
		default:
			action = exchange.Show
		}
	}
	return action
}

// Body implements [exchange.Watcher].
func (m *meter) Body(piece []byte) {
	for _, r := range m.reservations {
		for _, f := range r.finders {
			f.Write(piece)
		}
	}
}

// settle settles what is known when it is known what the client got. Of an
// answer that was cut, the cost is at least what was reserved: who leaves
// early pays no less.
func (m *meter) settle(outcome exchange.Outcome) {
	var known []window.Settlement
	for i := range m.reservations {
		r := &m.reservations[i]
		for _, f := range r.finders {
			if !r.known {
				r.Cost, r.known = f.Value()
			}
		}
		switch {
		case r.known && outcome.Cut != exchange.Whole:
			r.Cost = max(r.Cost, r.Charge.Cost)
			known = append(known, r.Settlement)
		case r.known:
			known = append(known, r.Settlement)
		case r.encoded:
			r.limit.warnOfCoding(m.handler.logger)
		default:
			settlements.WithLabelValues(r.limit.Name, "kept").Inc()
		}
	}
	if len(known) > 0 {
		go m.handler.settle(known)
	}
}

// settle corrects charges to their true cost.
func (h *Handler) settle(known []window.Settlement) {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	result := "settled"
	if err := h.store.Settle(ctx, known); err != nil {
		result = "failed"
		h.logger.Warn("charges could not be settled, so their reservations stay", zap.Error(err))
	}
	for _, s := range known {
		settlements.WithLabelValues(s.Charge.Limit.Name, result).Inc()
	}
}

// readsAnswers reports whether the limit looks for a figure in bodies.
func (l *Limit) readsAnswers() bool {
	for _, place := range l.Settle {
		if isPointer(place) {
			return true
		}
	}
	return false
}

// figureIn returns the figure of the first field that has one.
func (l *Limit) figureIn(header http.Header) (int64, bool) {
	for _, place := range l.Settle {
		if isPointer(place) {
			continue
		}
		if n, ok := figure.Parse(header.Get(place)); ok {
			return n, true
		}
	}
	return 0, false
}

// findersFor returns what looks for the limit's figures in a body of a media
// type; none if it is neither JSON nor events.
func (l *Limit) findersFor(contentType string) []finder {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	events := media == "text/event-stream"
	if !events && media != "application/json" && media != "application/x-ndjson" && !strings.HasSuffix(media, "+json") {
		return nil
	}
	var finders []finder
	for _, place := range l.Settle {
		switch {
		case !isPointer(place):
		case events:
			finders = append(finders, figure.NewEvents(place))
		default:
			finders = append(finders, figure.NewJSON(place))
		}
	}
	return finders
}

// warnOfCoding counts an answer that could not be read, and logs it once.
func (l *Limit) warnOfCoding(logger *zap.Logger) {
	settlements.WithLabelValues(l.Name, "unreadable").Inc()
	if l.warnedOfCoding.CompareAndSwap(false, true) {
		logger.Warn("an answer came compressed, though that was not asked for, so what it cost cannot be read and its reservation stays: further ones are only counted",
			zap.String("limit", l.Name))
	}
}

// Interface guard
var _ exchange.Watcher = (*meter)(nil)
