package exchange

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Timings are how long the parts of a request took, until its answer's header
// goes. They are sent in Server-Timing, to those who may see them. All methods
// of nil do nothing: it is for requests that nobody times.
type Timings struct {
	start   time.Time
	shown   func() bool
	parts   []part
	running bool // the last part
}

// part is the time of a part. Parts of one name, such as several limits, or an
// upstream that was tried again, are one.
type part struct {
	name  string
	begun time.Time
	took  time.Duration
}

// Time has the exchange's parts timed from now on. When the header goes, shown
// reports whether the client may see them.
func (x *Exchange) Time(shown func() bool) {
	x.Timings = &Timings{start: time.Now(), shown: shown}
	x.Response.OnHead(x.Timings)
}

// Begin begins a part, and ends the one before it.
func (t *Timings) Begin(name string) {
	if t == nil {
		return
	}
	t.End()
	t.running = true
	if i := slices.IndexFunc(t.parts, func(p part) bool { return p.name == name }); i >= 0 {
		again := t.parts[i]
		again.begun = time.Now()
		t.parts = append(slices.Delete(t.parts, i, i+1), again)
		return
	}
	t.parts = append(t.parts, part{name: name, begun: time.Now()})
}

// End ends the part that runs, if one does.
func (t *Timings) End() {
	if t == nil || !t.running {
		return
	}
	last := &t.parts[len(t.parts)-1]
	last.took += time.Since(last.begun)
	t.running = false
}

// Finish implements [Finisher].
func (t *Timings) Finish(_ int, header http.Header) {
	if !t.shown() {
		return
	}
	t.End()
	var value []byte
	for _, p := range t.parts {
		value = append(appendPart(value, p.name, p.took), ", "...)
	}
	header["Server-Timing"] = []string{string(appendPart(value, "total", time.Since(t.start)))}
}

// appendPart appends a metric of Server-Timing, in milliseconds.
func appendPart(text []byte, name string, took time.Duration) []byte {
	text = append(append(text, name...), ";dur="...)
	return strconv.AppendFloat(text, float64(took.Microseconds())/1000, 'f', -1, 64)
}

// Interface guard
var _ Finisher = (*Timings)(nil)
