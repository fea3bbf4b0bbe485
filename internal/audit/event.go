package audit

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// own begins the names of the trail's own events.
const own = "trail."

// The trail's own events.
const (
	eventSegment   = own + "segment"
	eventSignature = own + "signature"
	// EventGap says that events could not be recorded.
	EventGap = own + "gap"
	// EventClock says that the clock went back.
	EventClock = own + "clock"
	// EventRollback says that the trail was not what it was when it was signed
	// last.
	EventRollback = own + "rollback"
	// EventRetention says that old segments were deleted.
	EventRetention = own + "retention"
)

// Event is something to be recorded. The trail adds the time.
type Event struct {
	// Name says what happened, such as request.refused: words in lower case with
	// dots between them. "trail." is the trail's own.
	Name string
	// Principal is whom it concerns; may be empty.
	Principal string
	// Request is the id of the request; may be empty.
	Request string
	// Fields say more. Recording an event may change their order.
	Fields []Field
	// Minor says that the last tenth of the quota is not for this event: anybody
	// can cause as many of its kind as they like.
	Minor bool
}

// Field is a named value of an event. Make one with [Text], [Number] or [List].
type Field struct {
	name   string
	text   string
	list   []string
	number int64
	kind   fieldKind
}

type fieldKind uint8

const (
	textField fieldKind = iota
	numberField
	listField
)

// Text is a field with a text. One that is empty is left out of the record.
func Text(name, text string) Field { return Field{name: name, text: text} }

// Number is a field with a whole number, of at most 53 bits: readers of JSON
// lose the digits of larger ones.
func Number(name string, n int64) Field { return Field{name: name, number: n, kind: numberField} }

// List is a field with texts. One without any is left out of the record.
func List(name string, texts []string) Field { return Field{name: name, list: texts, kind: listField} }

const (
	// maxEvent is how many bytes an event may have.
	maxEvent = 64 << 10
	// timeFormat is RFC 3339 in UTC with microseconds: times of equal length sort
	// as texts do.
	timeFormat = "2006-01-02T15:04:05.000000Z"
)

// Errors of an event that cannot be recorded, whatever the state of the disk.
var (
	errName   = errors.New("an event's name is words in lower case with dots between them, and not one of the trail's own")
	errFields = errors.New("an event's fields have names in lower case, each once")
	errLarge  = fmt.Errorf("an event has at most %d bytes", maxEvent)
)

// validName is what an event and a field may be called. With ASCII alone, the
// order of names is the same in Go and in RFC 8785.
var validName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

// check returns an error for an event that the trail does not take.
func (e Event) check() error {
	if !validName.MatchString(e.Name) || strings.HasPrefix(e.Name, own) {
		return fmt.Errorf("recording %q: %w", e.Name, errName)
	}
	for _, field := range e.Fields {
		if !validName.MatchString(field.name) {
			return fmt.Errorf("recording %s: %w: %q", e.Name, errFields, field.name)
		}
	}
	return nil
}

// append appends the event as canonical JSON.
func (e Event) append(b []byte, at time.Time) ([]byte, error) {
	start := len(b)
	slices.SortFunc(e.Fields, func(a, b Field) int { return cmp.Compare(a.name, b.name) })
	b = append(b, `{"event":`...)
	b = appendText(b, e.Name)
	b = append(b, `,"fields":{`...)
	first := len(b)
	for i, field := range e.Fields {
		if i > 0 && field.name == e.Fields[i-1].name {
			return b[:start], fmt.Errorf("recording %s: %w: %q", e.Name, errFields, field.name)
		}
		if field.absent() {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = field.append(b)
	}
	b = append(b, '}')
	if e.Principal != "" {
		b = append(b, `,"principal":`...)
		b = appendText(b, e.Principal)
	}
	if e.Request != "" {
		b = append(b, `,"request":`...)
		b = appendText(b, e.Request)
	}
	b = append(b, `,"time":"`...)
	b = at.UTC().AppendFormat(b, timeFormat)
	b = append(b, `"}`...)
	if len(b)-start > maxEvent {
		return b[:start], fmt.Errorf("recording %s: %w", e.Name, errLarge)
	}
	return b, nil
}

func (f Field) absent() bool {
	return f.kind == textField && f.text == "" || f.kind == listField && len(f.list) == 0
}

func (f Field) append(b []byte) []byte {
	b = appendText(b, f.name)
	b = append(b, ':')
	switch f.kind {
	case numberField:
		return strconv.AppendInt(b, f.number, 10)
	case listField:
		b = append(b, '[')
		for i, text := range f.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, text)
		}
		return append(b, ']')
	default:
		return appendText(b, f.text)
	}
}

// appendText appends a text as JSON. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, text string) []byte {
	quoted, err := jsontext.AppendQuote(b, text)
	if err != nil {
		// cannot fail now
		quoted, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(text, "\uFFFD"))
	}
	return quoted
}
