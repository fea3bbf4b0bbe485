package fallback

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/ladder"
)

// liveWriter passes the live answer on as it comes, byte for byte and flush for
// flush, and keeps a copy where it may be remembered. Only an answer that steps
// down is withheld: its header says so before a byte of it was sent.
type liveWriter struct {
	*caddyhttp.ResponseWriterWrapper
	memory    *memory
	enter     func(rung string)
	before    http.Header // the header as the handlers before us left it
	committed bool        // the client has a status
	refused   int         // the status that was withheld; 0 if none
	copy      *recording  // nil where nothing is kept
}

func newLiveWriter(w http.ResponseWriter, m *memory, enter func(rung string)) *liveWriter {
	return &liveWriter{
		ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w},
		memory:                m,
		enter:                 enter,
		before:                w.Header().Clone(),
	}
}

// clientLeft is what Caddy's proxy writes, for its log, where nobody is left to
// read an answer. It is not one.
const clientLeft = 499

// WriteHeader sends the status on, or withholds one that steps down.
func (w *liveWriter) WriteHeader(status int) {
	if w.committed || w.refused != 0 {
		return
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status) // informational: the answer is still to come
		return
	}
	if ladder.StepsDown(status) {
		w.refused = status
		return
	}
	w.committed = true
	if status == clientLeft {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.copy = w.record(status)
	w.Header().Set(servedBy, ladder.Live)
	w.enter(ladder.Live)
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body on. The body of a withheld answer goes nowhere.
func (w *liveWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.refused != 0 {
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	w.copy.add(p[:n])
	return n, err
}

// ReadFrom sends a whole body on, by the shortest way where nobody needs to see it.
func (w *liveWriter) ReadFrom(r io.Reader) (int64, error) {
	w.WriteHeader(http.StatusOK)
	if w.refused != 0 || w.copy != nil {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError flushes what was sent. [http.ResponseController] would otherwise go
// past us and commit an answer that is withheld.
func (w *liveWriter) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if w.refused != 0 {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// record begins a copy of the answer if it may be kept. What the handlers before
// us put into the header, such as a Cache-Control for browsers, does not decide that.
func (w *liveWriter) record(status int) *recording {
	if w.memory == nil || status != http.StatusOK {
		return nil
	}
	header := w.fresh()
	if !w.memory.storable(status, header) {
		return nil
	}
	return newRecording(header, status, w.memory.maxEntry, w.Header().Get("Content-Length"))
}

// finish remembers the answer, now that it is complete.
func (w *liveWriter) finish() {
	if answer, ok := w.copy.complete(); ok {
		w.memory.keep(answer)
	}
}

// rewindHeader takes back what the withheld answer put into the header.
func (w *liveWriter) rewindHeader() {
	header := w.Header()
	clear(header)
	maps.Copy(header, w.before)
}

// maxRetryAfter bounds how long an upstream can send clients away.
const maxRetryAfter = time.Hour

// retryAfter returns how long the withheld answer asked clients to wait, 0 if it did not.
func (w *liveWriter) retryAfter() time.Duration {
	if w.refused == 0 {
		return 0
	}
	seconds, err := strconv.ParseUint(w.Header().Get("Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}

// ofTheMoment are fields that hold for one exchange and would be wrong in a later one.
var ofTheMoment = []string{
	"Age", "Connection", "Content-Length", "Date", "Keep-Alive", "Ratelimit", "Ratelimit-Policy",
	"Retry-After", "Server-Timing", "Trailer", "Transfer-Encoding", "X-Request-Id", servedBy,
}

// fresh returns the part of the header that came with the answer and belongs to it.
func (w *liveWriter) fresh() http.Header {
	header := make(http.Header, len(w.Header()))
	for name, values := range w.Header() {
		if !slices.Equal(values, w.before[name]) && !slices.Contains(ofTheMoment, name) {
			header[name] = slices.Clone(values)
		}
	}
	return header
}
