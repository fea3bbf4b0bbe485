package policy

import (
	"sync"

	"github.com/odordiff/odordiff/internal/promptpolicy"
)

// observed returns the ids of the reasons that a decision only observed, and
// counts them.
func observed(d *promptpolicy.Decision) []string {
	ids := make([]string, len(d.Observed))
	for i, reason := range d.Observed {
		ids[i] = reason.ID
		observations.WithLabelValues(observedIDs.of(reason.ID)).Inc()
	}
	return ids
}

// maxObserved bounds the series of observed reasons: a rule may make an id of a
// prompt.
const maxObserved = 100

// labelValues are the values of a metric's label. It is safe for concurrent
// use.
type labelValues struct {
	mu    sync.Mutex
	known map[string]bool
}

var observedIDs = labelValues{known: map[string]bool{}}

// of returns the value, or "other" where there are too many.
func (l *labelValues) of(value string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[value] {
		return value
	}
	if len(l.known) >= maxObserved {
		return "other"
	}
	l.known[value] = true
	return value
}
