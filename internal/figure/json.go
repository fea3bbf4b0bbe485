package figure

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth is how deep a text may be nested; in a deeper one nothing more is
	// found.
	maxDepth = 1000
	// maxNumber is how long a number may be; a longer one is none.
	maxNumber = 64
	// longestEscape is how many bytes of a name may stand for one.
	longestEscape = len(`\u0000`)
)

// JSON finds the number to which a JSON Pointer leads in a JSON text that it is
// given piece by piece. If several texts follow each other, or a name is there
// several times, the last number counts. It checks no syntax: what it finds in
// a text that is no JSON means nothing.
type JSON struct {
	// path are the names and positions that lead to the number.
	path []step

	// open are the objects and arrays around the next byte, each by its first
	// byte. The first onPath of them are those that the path leads through.
	open   []byte
	onPath int
	// here says that the next value is what the path leads to at this depth.
	here bool

	lexeme  lexeme
	named   bool // the next string is a name
	escaped bool // the next byte is part of an escape
	name    []byte
	number  []byte
	lost    bool

	value int64
	known bool
}

// step leads from an object to its member, or from an array to its item.
type step struct {
	name string
	// position is that in an array; -1 if the name is no position.
	position int
	// at is the position of the next item of an array that is being read.
	at int
}

// lexeme is what the next byte may belong to.
type lexeme int

const (
	between lexeme = iota
	inString
	inName   // of a member that the path may lead through
	inNumber // that the path leads to
)

// NewJSON returns a JSON that looks for what the pointer leads to, which must
// not be the whole text.
func NewJSON(pointer string) *JSON {
	j := new(JSON)
	for name := range jsontext.Pointer(pointer).Tokens() {
		position, err := strconv.Atoi(name)
		if err != nil {
			position = -1
		}
		j.path = append(j.path, step{name: name, position: position})
	}
	return j
}

// Value returns the number that was found last.
func (j *JSON) Value() (n int64, known bool) { return j.value, j.known }

// Write reads the next piece of the text.
func (j *JSON) Write(piece []byte) {
	for _, b := range piece {
		if j.lost {
			return
		}
		j.read(b)
	}
}

// restart makes the next byte the first of a text.
func (j *JSON) restart() {
	j.open, j.onPath, j.here = j.open[:0], 0, false
	j.lexeme, j.named, j.escaped, j.lost = between, false, false, false
}

func (j *JSON) read(b byte) {
	switch j.lexeme {
	case inString, inName:
		j.readString(b)
		return
	case inNumber:
		if numeric(b) {
			j.number = append(j.number, b)
			j.lost = len(j.number) > maxNumber
			return
		}
		j.lexeme = between
		if n, ok := Parse(string(j.number)); ok {
			j.value, j.known = n, true
		}
	}
	switch {
	case b == '{' || b == '[':
		j.enter(b)
	case b == '}' || b == ']':
		j.leave()
	case b == ',':
		j.next()
	case b == '"':
		j.lexeme = inString
		if j.named && j.onPath == len(j.open) {
			j.lexeme, j.name = inName, j.name[:0]
		}
	case numeric(b) && j.here && len(j.open) == len(j.path):
		j.lexeme, j.number = inNumber, append(j.number[:0], b)
	}
}

func numeric(b byte) bool {
	return b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.' || b == 'e' || b == 'E'
}

func (j *JSON) readString(b byte) {
	ends := b == '"' && !j.escaped
	j.escaped = b == '\\' && !j.escaped
	if !ends {
		if j.lexeme == inName && len(j.name) <= longestEscape*len(j.step().name) {
			j.name = append(j.name, b)
		}
		return
	}
	if j.lexeme == inName {
		j.here = j.isName(j.step().name)
	}
	j.lexeme, j.named = between, false
}

// step returns what leads on from the innermost object or array.
func (j *JSON) step() *step { return &j.path[len(j.open)-1] }

// isName reports whether the name that was read is the wanted one.
func (j *JSON) isName(wanted string) bool {
	if bytes.IndexByte(j.name, '\\') < 0 {
		return string(j.name) == wanted
	}
	unquoted, err := jsontext.AppendUnquote(nil, append(append([]byte{'"'}, j.name...), '"'))
	return err == nil && string(unquoted) == wanted
}

// enter begins an object or an array.
func (j *JSON) enter(b byte) {
	depth := len(j.open)
	if depth == maxDepth {
		j.lost = true
		return
	}
	follows := depth == 0 || j.here
	j.open, j.named, j.here = append(j.open, b), b == '{', false
	if !follows || depth >= len(j.path) {
		return
	}
	j.onPath = depth + 1
	if b == '[' {
		j.step().at = 0
		j.here = j.step().position == 0
	}
}

// leave ends an object or an array.
func (j *JSON) leave() {
	if len(j.open) > 0 {
		j.open = j.open[:len(j.open)-1]
	}
	j.onPath = min(j.onPath, len(j.open))
	j.here, j.named = false, false
}

// next comes between two members or two items.
func (j *JSON) next() {
	j.here, j.named = false, false
	if len(j.open) == 0 {
		return
	}
	if j.open[len(j.open)-1] == '{' {
		j.named = true
		return
	}
	if j.onPath == len(j.open) {
		j.step().at++
		j.here = j.step().at == j.step().position
	}
}
