package metric

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// classes are the labels of statuses, by their first digit.
var classes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// Class returns the class of a status, such as 2xx; none for 0, where there was
// no answer.
func Class(status int) string { return classes[index(status)] }

func index(status int) int { return min(status/100, len(classes)-1) }

// ByClass has an observer for each class of statuses. It finds one when that is
// first needed, and then knows it.
type ByClass [len(classes)]func() prometheus.Observer

// NewByClass returns the observers that find finds.
func NewByClass(find func(class string) prometheus.Observer) *ByClass {
	b := new(ByClass)
	for i, class := range classes {
		b[i] = sync.OnceValue(func() prometheus.Observer { return find(class) })
	}
	return b
}

// Of returns the observer of a status.
func (b *ByClass) Of(status int) prometheus.Observer { return b[index(status)]() }
