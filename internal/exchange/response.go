package exchange

import (
	"net/http"
	"slices"
	"time"
)

// Response is the second half of an exchange: the one writer that all of the
// request's answers go through at last, also those of the error routes. It
// begins below the first gate handler, so it is what the client gets, but for
// handlers before that one.
//
// Modules say what they want of it: [Response.Set], [Response.OnHead] and
// [Response.OnOutcome].
// Who wants to look at the answer, or withhold it, does so at its own place in
// the chain: see [Watch].
type Response struct {
	Writer

	fields    []field
	finishers []Finisher
	room      [2]Finisher // where finishers begins
	tellers   []func(Outcome)
	stage     stage
	start     time.Time
	firstByte time.Duration
}

// field is a header field that is set at last.
type field struct{ name, value string }

// stage is how far the handling of a request is.
type stage int

const (
	unopened stage = iota
	open           // handlers are at work
	left           // they left with an error, which error routes are to answer
	told           // the outcome is told
)

// Open makes w the writer below, when the first handler takes the request in,
// or error routes take over from handlers that left. It reports whether it did:
// then the caller must end the stage, by [Response.Leave] or [Exchange.End].
func (r *Response) Open(w http.ResponseWriter) bool {
	switch r.stage {
	case open, told:
		return false
	case unopened:
		r.start = time.Now()
	}
	r.below, r.watcher, r.stage = w, seal{r}, open
	return true
}

// Set sets a header field on whatever is sent at last. What an upstream or a
// handler has put there gives way, and an answer that takes the place of
// another has it too. After the answer has begun it does nothing.
func (r *Response) Set(name, value string) {
	name = http.CanonicalHeaderKey(name)
	for i := range r.fields {
		if r.fields[i].name == name {
			r.fields[i].value = value
			return
		}
	}
	if r.fields == nil {
		r.fields = make([]field, 0, 4)
	}
	r.fields = append(r.fields, field{name, value})
}

// Get returns the value that [Response.Set] has given a field, or "".
func (r *Response) Get(name string) string {
	name = http.CanonicalHeaderKey(name)
	if i := slices.IndexFunc(r.fields, func(f field) bool { return f.name == name }); i >= 0 {
		return r.fields[i].value
	}
	return ""
}

// Finisher has the last word on the header of an answer.
type Finisher interface {
	// Finish may change the header of the answer that is about to go. The status
	// is 0 where the server answers by itself, and its status is not known yet. It
	// may be called again, for an answer that takes the place of another.
	Finish(status int, header http.Header)
}

// OnHead has the finisher called with what is finally sent. What [Response.Set]
// sets comes after it.
func (r *Response) OnHead(f Finisher) {
	if r.finishers == nil {
		r.finishers = r.room[:0]
	}
	if !slices.Contains(r.finishers, f) {
		r.finishers = append(r.finishers, f)
	}
}

// OnOutcome has the function called once, when it is known what the client got:
// also for a request that is refused, and for one that is cut.
func (r *Response) OnOutcome(tell func(Outcome)) { r.tellers = append(r.tellers, tell) }

// Leave says that the handlers returned an error, and error routes will answer.
func (r *Response) Leave(err error) {
	r.leave(err)
	r.stage = left
}

// leave readies the header for an answer that does not go through the writer,
// such as the server's own. It is too late for one where an answer has begun:
// that broke off, if there is an error.
func (r *Response) leave(err error) {
	if r.begun {
		_ = r.passed(0, err)
		return
	}
	r.finish(0, r.below.Header())
}

func (r *Response) finish(status int, header http.Header) {
	for _, f := range r.finishers {
		f.Finish(status, header)
	}
	values := make([]string, len(r.fields))
	for i, f := range r.fields {
		values[i] = f.value
		header[f.name] = values[i : i+1 : i+1] // Who appends gets a copy.
	}
}

// seal is the watcher of the response itself.
type seal struct{ *Response }

// Begin finishes the header, now that nothing can come after it.
func (s seal) Begin(head *Head) Action {
	s.finish(head.Status, head.Header)
	s.firstByte = time.Since(s.start)
	return Pass
}

// Body is not called.
func (seal) Body([]byte) {}

// Interface guards
var (
	_ http.ResponseWriter = (*Response)(nil)
	_ Watcher             = seal{}
)
