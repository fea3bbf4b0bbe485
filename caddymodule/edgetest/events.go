package edgetest

import (
	"bufio"
	"io"
	"net/http"
	"testing"
)

// Events is an upstream that streams server-sent events. It sends each only
// when the one before has arrived, so a proxy that holds one back gets no
// further.
type Events struct {
	words   []string
	arrived chan struct{}
}

// NewEvents returns an upstream that sends each word as an event.
func NewEvents(words ...string) *Events {
	return &Events{words: words, arrived: make(chan struct{})}
}

// ServeHTTP sends the events.
func (s *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, word := range s.words {
		_, _ = io.WriteString(w, "data: "+word+"\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-s.arrived:
		case <-r.Context().Done():
			return
		}
	}
}

// Expect reads the events from a response and calls between after each.
func (s *Events) Expect(t testing.TB, res *http.Response, between func()) {
	t.Helper()
	lines := bufio.NewScanner(res.Body)
	for _, word := range s.words {
		if !lines.Scan() || lines.Text() != "data: "+word {
			t.Fatalf("line %q, want the event %q", lines.Text(), word)
		}
		lines.Scan() // the empty line after it
		between()
		s.arrived <- struct{}{}
	}
	if lines.Scan() {
		t.Fatalf("line %q after the last event", lines.Text())
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("the stream broke off: %v", err)
	}
}
