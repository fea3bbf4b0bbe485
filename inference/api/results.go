package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/job"
)

// How many results a page has.
const (
	mostResults    = 1000
	defaultResults = 100
)

// The bodies of answers about results.
type (
	resultsAnswer struct {
		RequestID string    `json:"request_id"`
		Job       jobState  `json:"job"`
		Results   []settled `json:"results"`
		// Next is what to give as after for the next page; it is absent where
		// no result is to come any more.
		Next *int `json:"next,omitempty"`
	}
	// settled is a prompt with its answer or its problem.
	settled struct {
		Sequence int            `json:"sequence"`
		Position int            `json:"position"`
		Attempts int            `json:"attempts"`
		Answer   jsontext.Value `json:"answer,omitempty"`
		Problem  jsontext.Value `json:"problem,omitempty"`
	}
)

func newSettled(r job.Result) settled {
	s := settled{Sequence: r.Sequence, Position: r.Position, Attempts: r.Attempts}
	if r.Failed {
		s.Problem = r.Body
	} else {
		s.Answer = r.Body
	}
	return s
}

// resultsRequest is a request for results as it was read.
type resultsRequest struct {
	queue         job.Queue
	principal, id string
	page          job.Page
}

func (r *resultsRequest) read(ctx context.Context) ([]job.Result, job.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	found, j, err := r.queue.Results(ctx, r.principal, r.id, r.page)
	if err != nil {
		return nil, j, recordsRefusal(err)
	}
	return found, j, nil
}

// results answers GET /api/v1/jobs/{id}/results: a page as JSON, or a stream
// that ends with the job.
func (a *api) results(w http.ResponseWriter, r *http.Request) error {
	records, principal, err := a.asked(r)
	if err != nil {
		return err
	}
	page, err := readPage(r)
	if err != nil {
		return err
	}
	request := &resultsRequest{records.Jobs, principal, r.PathValue("id"), page}
	var out resultStream
	switch {
	case accepts(r.Header, eventStream):
		out = resultEvents{newEventWriter(w, eventStream)}
	case accepts(r.Header, jsonLines):
		out = resultLines{newEventWriter(w, jsonLines)}
	default:
		return writePage(r.Context(), w, request)
	}
	request.page.Limit = defaultResults // at a time
	if r.Method == http.MethodHead {
		return beginOnly(r.Context(), request, out)
	}
	if _, again := lastEvent(r); again {
		over, err := request.over(r.Context())
		if err != nil {
			return err
		}
		if over {
			w.WriteHeader(http.StatusNoContent) // a browser does not come again
			return nil
		}
	}
	if err := a.streams.enter(principal); err != nil {
		return err
	}
	defer a.streams.leave(principal)
	return a.follow(r.Context(), request, out)
}

// over reports whether the job is over and has nothing that is left to send.
func (r *resultsRequest) over(ctx context.Context) (bool, error) {
	found, j, err := r.read(ctx)
	return len(found) == 0 && j.Final(), err
}

// beginOnly answers a HEAD request for a stream: with its header, and at once.
func beginOnly(ctx context.Context, request *resultsRequest, out resultStream) error {
	if _, _, err := request.read(ctx); err != nil {
		return err
	}
	out.begin()
	return nil
}

func readPage(r *http.Request) (job.Page, error) {
	q := readQuery(r)
	page := job.Page{
		After:  q.integerOr("after", 0, maxBatch, 0),
		Limit:  q.integerOr("limit", 1, mostResults, defaultResults),
		Failed: q.integerOr("failed", 0, 1, 0) == 1,
	}
	// A stream that was cut off goes on where it was. It comes back with the
	// address of its beginning, and so with the same after.
	if last, again := lastEvent(r); again {
		page.After = max(page.After, last)
	}
	return page, q.done()
}

// lastEvent returns the last sequence that a client has had which connects
// again. It reports whether it is one.
func lastEvent(r *http.Request) (sequence int, again bool) {
	sequence, err := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	return sequence, err == nil && sequence >= 0
}

func writePage(ctx context.Context, w http.ResponseWriter, request *resultsRequest) error {
	found, j, err := request.read(ctx)
	if err != nil {
		return err
	}
	answer := resultsAnswer{RequestID: requestID(ctx), Job: newJob(j), Results: make([]settled, len(found))}
	next := request.page.After
	for i, r := range found {
		answer.Results[i], next = newSettled(r), r.Sequence
	}
	if !j.Final() || request.page.Full(found) {
		answer.Next = &next
	}
	return writeState(w, http.StatusOK, answer)
}

// resultStream is how results are written as they come.
type resultStream interface {
	// begin sends the header. result writes one, state how the job stands while
	// it waits for others, and whether nothing came since the last time, and end
	// how it ended. refuse says why there is no more.
	result(r settled) error
	state(j jobState, quiet bool) error
	end(j jobState) error
	refuse(body map[string]any) error
	begin()
	hasBegun() bool
}

// look is how often a stream looks by itself for what another process did. It
// also shows the client that the connection lives.
const look = 5 * time.Second

// longestStream is how long a stream waits for results. Then it ends, and the
// client may connect again and go on where it was.
const longestStream = 5 * time.Minute

// follow writes results as they come, until the job is over, the client leaves,
// the server stops or it has been long enough.
func (a *api) follow(ctx context.Context, request *resultsRequest, out resultStream) error {
	enough := time.After(longestStream)
	for {
		changed := request.queue.Changed(request.id)
		found, j, err := request.read(ctx)
		if err != nil && !out.hasBegun() {
			return err // an ordinary problem
		}
		if err != nil {
			return gone(out.refuse(a.problemOf(ctx, err).Body(requestID(ctx))))
		}
		full := request.page.Full(found)
		for _, r := range found {
			if err := out.result(newSettled(r)); err != nil {
				return gone(err)
			}
			request.page.After = r.Sequence
		}
		if full {
			continue
		}
		if j.Final() {
			return gone(out.end(newJob(j)))
		}
		if err := out.state(newJob(j), len(found) == 0); err != nil || !a.await(ctx, changed, enough) {
			return gone(err)
		}
	}
}

// gone is for what cannot be sent any more: nobody is left to be told.
func gone(error) error { return nil }

// await waits until a job may have changed. It reports whether it makes sense
// to go on.
func (a *api) await(ctx context.Context, changed <-chan struct{}, enough <-chan time.Time) bool {
	timer := time.NewTimer(look)
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-enough:
	case <-a.stopping:
	}
	return false
}

// resultEvents writes server-sent events. The id of a result is its sequence.
type resultEvents struct{ *eventWriter }

func (s resultEvents) result(r settled) error {
	return s.send(event{name: "result", id: strconv.Itoa(r.Sequence), data: r})
}
func (s resultEvents) state(j jobState, _ bool) error {
	return s.send(event{name: "job", data: j})
}
func (s resultEvents) end(j jobState) error { return s.send(event{name: "end", data: j}) }
func (s resultEvents) refuse(body map[string]any) error {
	return s.send(event{name: "problem", data: body})
}

// jsonLines is the media type of one JSON value a line.
const jsonLines = "application/x-ndjson"

// resultLines writes a line for each result, and a last one for the job.
type resultLines struct{ *eventWriter }

func (s resultLines) line(value any) error {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return s.fail(err)
	}
	return s.write(append(text, '\n'))
}

func (s resultLines) result(r settled) error { return s.line(r) }
func (s resultLines) end(j jobState) error   { return s.line(map[string]jobState{"job": j}) }
func (s resultLines) refuse(body map[string]any) error {
	return s.line(map[string]any{"problem": body})
}

// state begins the answer. Later, where nothing came, it writes an empty line,
// which shows that the connection lives.
func (s resultLines) state(_ jobState, quiet bool) error {
	if quiet && s.begun {
		return s.write([]byte{'\n'})
	}
	return s.write(nil)
}
