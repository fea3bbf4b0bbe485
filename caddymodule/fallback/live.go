package fallback

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/ladder"
	"github.com/odordiff/odordiff/internal/problem"
)

// live watches the answer of the handlers after us. It keeps a copy if the
// answer may be stored. It withholds only an answer that steps down, which its
// header shows before a byte of it is sent.
type live struct {
	exchange.Writer
	exchange *exchange.Exchange
	entry    entry
	before   snapshot // the header as the handlers before us left it
	copy     recording
	servedBy [1]string // the values of the header field
}

func newLive(w http.ResponseWriter, x *exchange.Exchange, e entry) *live {
	l := &live{exchange: x, entry: e, servedBy: [1]string{ladder.Live}}
	l.Writer = *exchange.Watch(w, l)
	l.before.take(w.Header())
	return l
}

// Begin withholds an answer that steps down.
func (l *live) Begin(head *exchange.Head) exchange.Action {
	switch {
	case ladder.StepsDown(head.Status):
		return exchange.Withhold
	case head.Status == problem.StatusClientLeft:
		// Caddy's proxy writes it for its log; the client is gone.
		return exchange.Pass
	}
	l.copy = l.record(head)
	head.Header[servedBy] = l.servedBy[:]
	l.exchange.ServedBy = ladder.Live
	if !l.copy.running {
		return exchange.Pass
	}
	return exchange.Show
}

// Body keeps a part of the answer.
func (l *live) Body(part []byte) { l.copy.add(part) }

// record begins a copy of the answer if it may be kept. What the handlers
// before us put into the header, such as a Cache-Control for browsers, does not
// decide that.
func (l *live) record(head *exchange.Head) recording {
	if l.entry.store == nil || head.Status != http.StatusOK {
		return recording{}
	}
	header := l.fresh(head.Header)
	if !l.entry.storable(head.Status, header) {
		return recording{}
	}
	return newRecording(header, head.Status, l.entry.store.Limits().MaxEntry, head.Header.Get("Content-Length"))
}

// finish stores the answer, which is now complete.
func (l *live) finish() {
	if answer, ok := l.copy.complete(); ok {
		l.entry.keep(answer)
	}
}

// rewindHeader removes what the withheld answer has put into the header.
func (l *live) rewindHeader() { l.before.restore(l.Header()) }

// maxRetryAfter bounds how long an upstream can tell clients to wait.
const maxRetryAfter = time.Hour

// retryAfter returns how long the withheld answer told clients to wait, or 0.
func (l *live) retryAfter() time.Duration {
	if l.Withheld() == 0 {
		return 0
	}
	seconds, err := strconv.ParseUint(l.Header().Get("Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// ofTheMoment are fields that are true for one exchange and would be wrong in a
// later one.
var ofTheMoment = []string{
	"Age", "Connection", "Content-Length", "Date", "Keep-Alive", "Retry-After", "Server-Timing",
	"Trailer", "Transfer-Encoding", "X-Request-Id", servedBy,
}

// fresh returns the fields that came with the answer and belong to it.
func (l *live) fresh(header http.Header) http.Header {
	fresh := make(http.Header)
	all := make([]string, 0, len(header)) // an array for the values of all fields
	for name, values := range header {
		if !slices.Equal(values, l.before.values(name)) && !slices.Contains(ofTheMoment, name) {
			all = append(all, values...)
			fresh[name] = slices.Clip(all[len(all)-len(values):])
		}
	}
	return fresh
}
