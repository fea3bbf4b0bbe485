package figure

// Events finds the number to which a JSON Pointer leads in the data of
// server-sent events, as [JSON] does in one text. The last number counts. Data
// that is no JSON, such as [DONE], has none.
type Events struct {
	JSON
	// field is the part of the line's field name that was read.
	field []byte
	part  part
	// returned says that the line before ended with a carriage return, which may
	// be the half of its end.
	returned bool
}

// part is the part of a line that the next byte belongs to.
type part int

const (
	lineStart part = iota
	fieldName
	dataStart // where a space is no data
	data
	otherwise
)

// dataField is the name of the field that has the data of an event.
const dataField = "data"

// NewEvents returns an Events that looks for what the pointer leads to.
func NewEvents(pointer string) *Events { return &Events{JSON: *NewJSON(pointer)} }

// Write reads the next piece of the stream.
func (e *Events) Write(piece []byte) {
	for i, b := range piece {
		if b == '\n' && e.returned {
			e.returned = false
			continue
		}
		e.returned = b == '\r'
		if b == '\n' || b == '\r' {
			e.endLine()
			continue
		}
		e.read(piece[i : i+1])
	}
}

func (e *Events) read(b []byte) {
	switch e.part {
	case lineStart:
		e.field = e.field[:0]
		e.part = fieldName
		fallthrough
	case fieldName:
		switch {
		case b[0] == ':' && string(e.field) == dataField:
			e.part = dataStart
		case b[0] == ':' || len(e.field) == len(dataField):
			e.part = otherwise
		default:
			e.field = append(e.field, b[0])
		}
	case dataStart:
		e.part = data
		if b[0] != ' ' {
			e.JSON.Write(b)
		}
	case data:
		e.JSON.Write(b)
	}
}

// endLine ends a line. An empty one ends an event.
func (e *Events) endLine() {
	if e.part == lineStart {
		e.restart()
	}
	if e.part == data {
		e.JSON.Write([]byte{'\n'}) // which is between two lines of data
	}
	e.part = lineStart
}
