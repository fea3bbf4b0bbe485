package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/strictjson"
)

// Entry is an event as it is read.
type Entry struct {
	Event     string         `json:"event"`
	Fields    jsontext.Value `json:"fields"`
	Principal string         `json:"principal"`
	Request   string         `json:"request"`
	Time      time.Time      `json:"time"`
}

// ParseEntry reads the event of a [Record].
func ParseEntry(event []byte) (Entry, error) {
	var entry Entry
	if err := strictjson.Unmarshal(event, &entry); err != nil {
		return entry, fmt.Errorf("reading an event: %w", err)
	}
	return entry, nil
}

// Filter chooses events. A field that is empty chooses all.
type Filter struct {
	// Event is the name of events, or of their first words: request chooses
	// request.refused. Without it, all but the first records of segments and the
	// signatures are chosen.
	Event string
	// Since and Until are the first time, and the first that is too late.
	Since, Until time.Time
	// Request is the id of the request.
	Request string
	// Principals are who it may be about: a name, and what stands for it in a
	// trail that does not name principals.
	Principals []string
}

// Match reports whether the filter chooses an event.
func (f Filter) Match(entry Entry) bool {
	if f.Event == "" {
		if entry.Event == eventSegment || entry.Event == eventSignature {
			return false
		}
	} else if entry.Event != f.Event && !strings.HasPrefix(entry.Event, f.Event+".") {
		return false
	}
	if entry.Time.Before(f.Since) || !f.Until.IsZero() && !entry.Time.Before(f.Until) {
		return false
	}
	if f.Request != "" && entry.Request != f.Request {
		return false
	}
	return len(f.Principals) == 0 || slices.Contains(f.Principals, entry.Principal)
}
