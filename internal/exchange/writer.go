package exchange

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// Head is what an answer begins with.
type Head struct {
	// Status is the status of the final answer: 101, or from 200 on.
	Status int
	// Header is the header as it is about to go.
	Header http.Header
}

// Action is what becomes of an answer that begins.
type Action int

// The actions of a [Watcher].
const (
	// Pass lets the answer go on. Nobody looks at its body, which may take the
	// shortest way.
	Pass Action = iota
	// Show lets the answer go on, and shows its body as it passes.
	Show
	// Withhold keeps the answer back: neither its status nor its body goes on, and
	// another may be written in its place to the writer below.
	Withhold
)

// Watcher looks at an answer that passes a [Writer].
type Watcher interface {
	// Begin is called once, before the head of the final answer goes. It may
	// change the status and the header. It does not see informational answers.
	Begin(head *Head) Action
	// Body is called with each part of the body as it passes, if Begin returned
	// Show. A part is as long as the handler wrote it, or as the writer below
	// takes it from a reader. It must be neither kept nor changed.
	Body(part []byte)
}

// Writer passes an answer on as it comes, byte for byte and flush for flush,
// and knows how far it is. Where nobody looks at the body, it is not copied.
//
// Like every [http.ResponseWriter], it is used by one goroutine at a time.
type Writer struct {
	below    http.ResponseWriter
	watcher  Watcher // nil where nobody looks
	head     Head
	action   Action
	begun    bool
	hijacked bool
	bytes    int64
	err      error // the first that broke the answer off
}

// Watch returns a writer to w for the handlers after the caller, whose answer
// the watcher sees. It sees the answer as those handlers give it, before
// handlers between the caller and the client, such as encode, change it. The
// watcher may be nil for a writer that only knows whether the answer has begun.
func Watch(w http.ResponseWriter, watcher Watcher) *Writer {
	return &Writer{below: w, watcher: watcher}
}

// Begun reports whether an answer has begun, so that it is too late for
// another. An answer that is withheld has not.
func (w *Writer) Begun() bool { return w.begun && w.action != Withhold }

// Withheld returns the status of the answer that is withheld, 0 if none is.
func (w *Writer) Withheld() int {
	if w.action != Withhold {
		return 0
	}
	return w.head.Status
}

// Header returns the header of the answer.
func (w *Writer) Header() http.Header { return w.below.Header() }

// WriteHeader begins the answer, unless the status is informational.
func (w *Writer) WriteHeader(status int) {
	if !w.begun && !informational(status) {
		status = w.begin(status)
	}
	if w.action != Withhold {
		w.below.WriteHeader(status)
	}
}

// Write sends a part of the body on. Of an answer that is withheld it goes
// nowhere.
func (w *Writer) Write(p []byte) (int, error) {
	w.beginImplicitly()
	if w.action == Withhold {
		return len(p), nil
	}
	n, err := w.below.Write(p)
	if n > 0 && w.action == Show {
		w.watcher.Body(p[:n])
	}
	return n, w.passed(int64(n), err)
}

// ReadFrom sends a body on from its reader, by the shortest way where nobody
// looks.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	w.beginImplicitly()
	switch w.action {
	case Withhold:
		return io.Copy(io.Discard, r)
	case Show:
		// Still as a reader, by which net/http decides how to frame the body.
		r = io.TeeReader(r, spectator{w.watcher})
	}
	n, err := io.Copy(w.below, r)
	return n, w.passed(n, err)
}

// spectator shows to a watcher what is written to it.
type spectator struct{ Watcher }

// Write shows a part of a body.
func (s spectator) Write(part []byte) (int, error) {
	s.Body(part)
	return len(part), nil
}

// FlushError flushes what was sent. [http.ResponseController] would otherwise
// go past the writer and begin an answer that is withheld.
func (w *Writer) FlushError() error {
	w.beginImplicitly()
	if w.action == Withhold {
		return nil
	}
	return w.passed(0, http.NewResponseController(w.below).Flush())
}

// Hijack hands the connection over, where the protocol permits it.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.action == Withhold {
		return nil, nil, http.ErrNotSupported
	}
	conn, buffered, err := http.NewResponseController(w.below).Hijack()
	if err == nil {
		w.begun, w.hijacked = true, true
	}
	return conn, buffered, err
}

// Push promises another answer over HTTP/2, where that is supported.
func (w *Writer) Push(target string, opts *http.PushOptions) error {
	if pusher, ok := w.below.(http.Pusher); ok {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// Unwrap returns the writer below, for [http.ResponseController].
func (w *Writer) Unwrap() http.ResponseWriter { return w.below }

// begin shows the head to the watcher, and returns the status that it leaves.
func (w *Writer) begin(status int) int {
	w.begun = true
	w.head = Head{Status: status, Header: w.below.Header()}
	if w.watcher != nil {
		w.action = w.watcher.Begin(&w.head)
	}
	return w.head.Status
}

// beginImplicitly begins an answer whose handler left the status to the writer.
func (w *Writer) beginImplicitly() {
	if w.begun {
		return
	}
	if status := w.begin(http.StatusOK); status != http.StatusOK && w.action != Withhold {
		w.below.WriteHeader(status)
	}
}

// passed counts what went on, and notes the error that broke the answer off.
func (w *Writer) passed(n int64, err error) error {
	w.bytes += n
	if w.err == nil && err != nil && !harmless(err) {
		w.err = err
	}
	return err
}

// harmless reports whether an error of a writer says something about the call,
// rather than that the answer was cut.
func harmless(err error) bool {
	return errors.Is(err, http.ErrBodyNotAllowed) || errors.Is(err, http.ErrContentLength) ||
		errors.Is(err, http.ErrHijacked) || errors.Is(err, http.ErrNotSupported)
}

func informational(status int) bool {
	return status < http.StatusOK && status != http.StatusSwitchingProtocols
}

// Interface guards
var (
	_ http.ResponseWriter = (*Writer)(nil)
	_ http.Hijacker       = (*Writer)(nil)
	_ http.Pusher         = (*Writer)(nil)
	_ io.ReaderFrom       = (*Writer)(nil)
)
