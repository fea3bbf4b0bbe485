package exchange

import (
	"net/http"
	"time"

	"github.com/odordiff/odordiff/internal/problem"
)

// Cut is why a client did not get the whole of its answer.
type Cut string

// The reasons.
const (
	// Whole is no cut.
	Whole Cut = ""
	// ByClient means that the client left, or could not be reached any more.
	ByClient Cut = "client"
	// ByServer means that the answer broke off on this side: in the upstream, or
	// in a handler.
	ByServer Cut = "server"
)

// Outcome is what came of a request.
type Outcome struct {
	// Status is the status that was sent; 0 where the connection ended before one,
	// or was taken over without one.
	Status int
	// Bytes is how many bytes of the body were written. Those of a HEAD do not
	// leave, and what goes through a connection that was taken over is not
	// counted.
	Bytes int64
	// ServedBy is the rung of the ladder that answered; empty without a ladder.
	ServedBy string
	// Upstream is the address of the upstream that was tried last, such as
	// 10.0.0.1:8090; empty where none was.
	Upstream string
	// Refused is the name of the problem that the request was refused with, if it
	// was.
	Refused string
	// Cut is why the answer is not whole.
	Cut Cut
	// FirstByte is how long after the entrance the answer's header went; 0 where
	// none went.
	FirstByte time.Duration
	// Total is how long after the entrance the last handler was done.
	Total time.Duration
}

// Ending is how the handling of a request ended.
type Ending struct {
	// Status is what the server sends where no handler has begun an answer.
	Status int
	// Err is the error that the handlers returned, if any.
	Err error
	// Aborted says that a handler panicked, so that the server ends the
	// connection.
	Aborted bool
	// ClientLeft says that nobody waits for the answer any more.
	ClientLeft bool
}

// End makes the outcome and tells it to all who want to know. It is called once
// for each request that [Response.Open] took in.
func (x *Exchange) End(ending Ending) Outcome {
	r := &x.Response
	r.leave(ending.Err)
	r.stage = told
	outcome := Outcome{
		Status: r.status(ending), Bytes: r.bytes,
		ServedBy: x.ServedBy, Upstream: x.Upstream, Refused: x.Refused,
		FirstByte: r.firstByte, Total: time.Since(r.start),
	}
	outcome.Cut = r.cut(ending, outcome.Status)
	for _, tell := range r.tellers {
		tell(outcome)
	}
	return outcome
}

// status is what the client got: what a handler began, or what the server sends
// in the absence of that.
func (r *Response) status(ending Ending) int {
	switch {
	case r.begun:
		return r.head.Status
	case ending.Aborted:
		return 0
	case ending.Status == 0:
		return http.StatusOK
	default:
		return ending.Status
	}
}

func (r *Response) cut(ending Ending, status int) Cut {
	switch {
	case status == problem.StatusClientLeft:
		return ByClient
	case !ending.Aborted && r.err == nil:
		return Whole
	case ending.ClientLeft:
		return ByClient
	default:
		return ByServer
	}
}
