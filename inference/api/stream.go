package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/odordiff/odordiff/inference/engine"
)

const eventStream = "text/event-stream"

// wantsStream reports whether the answer is to be a stream of events: as the
// body says, or else as the Accept field does.
func wantsStream(stream *bool, header http.Header) bool {
	if stream != nil {
		return *stream
	}
	return accepts(header, eventStream)
}

// accepts reports whether the Accept field names a media type.
func accepts(header http.Header, mediaType string) bool {
	for _, field := range header.Values("Accept") {
		for accepted := range strings.SplitSeq(field, ",") {
			if namesType(accepted, mediaType) {
				return true
			}
		}
	}
	return false
}

func namesType(accepted, wanted string) bool {
	mediaType, parameters, err := mime.ParseMediaType(accepted)
	if err != nil || mediaType != wanted {
		return false
	}
	weight, err := strconv.ParseFloat(parameters["q"], 64)
	return err != nil || weight > 0
}

// event is a server-sent event whose data is JSON.
type event struct {
	name string
	data any
	id   string // empty for none
}

// progress is the data of an event of that name.
type progress struct {
	Round    int     `json:"round"`
	Step     int     `json:"step"`
	Steps    int     `json:"steps"`
	Unmasked float64 `json:"unmasked"`
}

// outcome is how a generation ended.
type outcome struct {
	name   string
	result engine.Result
	err    error
}

// stream answers a request with events while it is worked on. Until the first
// event a refusal is an ordinary problem; after it, a problem is the last
// event.
func (a *api) stream(ctx context.Context, w http.ResponseWriter, request generation) error {
	ctx, cancel := context.WithCancel(ctx)
	events, done := a.begin(ctx, request)
	s := newEventWriter(w, eventStream)
	for e := range events {
		if s.failed == nil && s.send(e) != nil {
			cancel() // the client has gone or does not read
		}
	}
	end := <-done
	cancel()
	if s.failed == nil && end.err == nil {
		end.err = s.send(event{name: "result", data: newAnswer(requestID(ctx), request.Prompt, end.name, end.result)})
	}
	return a.endWith(ctx, s, refusal(cmp.Or(s.failed, end.err)))
}

// endWith reports a problem, if there is one, in the way that is still
// possible.
func (a *api) endWith(ctx context.Context, s *eventWriter, err error) error {
	switch {
	case err == nil:
		return nil
	case !s.begun:
		return err // an ordinary problem
	case s.failed != nil || errors.Is(err, context.Canceled): // nobody listens
		a.brokeOff(ctx, err)
	default:
		// a failure is a client that has gone
		_ = s.send(event{name: "problem", data: a.problemOf(ctx, err).Body(requestID(ctx))})
	}
	return nil
}

func (a *api) brokeOff(ctx context.Context, err error) {
	a.log(ctx).InfoContext(ctx, "a stream broke off", slog.String("request_id", requestID(ctx)), slog.Any("error", err))
}

// waitingEvents is how many events may wait for a client that reads slowly.
const waitingEvents = 256

// begin starts the work on a request. The events end before the outcome comes.
// A client that reads slowly misses steps of progress, but no molecule.
func (a *api) begin(ctx context.Context, request generation) (<-chan event, <-chan outcome) {
	events, done := make(chan event, waitingEvents), make(chan outcome, 1)
	request.Progress = func(p engine.Progress) {
		select {
		case events <- event{name: "progress", data: progress{p.Round, p.Step, p.Steps, round(p.Unmasked, 4)}}:
		default:
		}
	}
	request.Emit = func(m engine.Molecule) {
		select {
		case events <- event{name: "molecule", data: newMolecule(m)}:
		case <-ctx.Done():
		}
	}
	go func() {
		defer close(events)
		done <- a.protected(ctx, request)
	}()
	return events, done
}

// protected runs the engine and turns its panic into an error: outside the
// goroutine of the request it would end the process.
func (a *api) protected(ctx context.Context, request generation) (end outcome) {
	defer func() {
		if p := recover(); p != nil {
			end.err = panicError{p, debug.Stack()}
		}
	}()
	end.name, end.result, end.err = a.run(ctx, request)
	return end
}

// eventWriter writes events, each of which is sent at once.
type eventWriter struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	mediaType  string
	begun      bool
	failed     error
}

func newEventWriter(w http.ResponseWriter, mediaType string) *eventWriter {
	return &eventWriter{w: w, controller: http.NewResponseController(w), mediaType: mediaType}
}

func (s *eventWriter) hasBegun() bool { return s.begun }

// eventTimeout is how long a client may take to make room for one event.
const eventTimeout = 15 * time.Second

// send writes an event. After an error it must not be called again.
func (s *eventWriter) send(e event) error {
	text, err := e.encode()
	if err != nil {
		return s.fail(err)
	}
	return s.write(text)
}

// write sends a piece at once. After an error it must not be called again.
func (s *eventWriter) write(text []byte) error {
	s.begin()
	if err := s.controller.SetWriteDeadline(time.Now().Add(eventTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return s.fail(err)
	}
	if _, err := s.w.Write(text); err != nil {
		return s.fail(err)
	}
	return s.fail(s.controller.Flush())
}

func (s *eventWriter) fail(err error) error {
	s.failed = err
	return err
}

func (s *eventWriter) begin() {
	if s.begun {
		return
	}
	s.begun = true
	header := s.w.Header()
	header.Set("Content-Type", s.mediaType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	s.w.WriteHeader(http.StatusOK)
}

// encode writes an event as the HTML standard has it. JSON has no line breaks,
// so the data is one line.
func (e event) encode() ([]byte, error) {
	data, err := json.Marshal(e.data, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encoding event %s: %w", e.name, err)
	}
	var text bytes.Buffer
	if e.id != "" {
		fmt.Fprintf(&text, "id: %s\n", e.id)
	}
	fmt.Fprintf(&text, "event: %s\ndata: %s\n\n", e.name, data)
	return text.Bytes(), nil
}
