// Package formdata reads bodies of multipart/form-data (RFC 7578) strictly: it
// refuses whatever two readers may take for different forms, as strictjson does
// for JSON. It reads what the usual clients send: browsers, curl, and libraries
// that keep to RFC 7578.
package formdata

import (
	"bytes"
	"fmt"
	"regexp"
)

// Part is one field of a form.
type Part struct {
	// Name is the field's name.
	Name string
	// IsFile says that the part has a file name, which may be empty.
	IsFile   bool
	Filename string
	// Type is the media type, in lower case and without parameters; empty where
	// the part does not say.
	Type string
	// Content is a piece of the body, as it came.
	Content []byte
}

// Error says what is wrong with a body. It quotes nothing of it.
type Error struct {
	// Part counts from 1; 0 for the body as a whole.
	Part   int
	Reason string
}

func (e *Error) Error() string {
	if e.Part == 0 {
		return "not strict multipart/form-data: " + e.Reason
	}
	return fmt.Sprintf("not strict multipart/form-data: part %d %s", e.Part, e.Reason)
}

// contentType admits a boundary of characters that need no quotes. Everything
// else, such as a second parameter, is read in different ways.
var contentType = regexp.MustCompile(`^(?i:multipart/form-data)[ \t]*;[ \t]*(?i:boundary)=(?:"([0-9A-Za-z'+_.=-]{1,70})"|([0-9A-Za-z'+_.-]{1,70}))$`)

// Boundary returns the boundary that a Content-Type names. It is not ok unless
// that is multipart/form-data with a boundary of 1 to 70 letters, digits and
// '+_.- (also = in quotes), and nothing else.
func Boundary(header string) (boundary string, ok bool) {
	found := contentType.FindStringSubmatch(header)
	if found == nil {
		return "", false
	}
	return found[1] + found[2], true
}

var crlf = []byte("\r\n")

// Parse returns the parts of a body in their order, of which there must be at
// least one and no more than most. Where the boundary occurs, it must stand on
// a line of its own. The error is an [Error].
func Parse(body []byte, boundary string, most int) ([]Part, error) {
	delimiter := []byte("--" + boundary)
	rest, ok := bytes.CutPrefix(body, delimiter)
	if !ok {
		return nil, &Error{0, "it does not begin with its boundary"}
	}
	var parts []Part
	for n := 1; ; n++ {
		if end, last := bytes.CutPrefix(rest, []byte("--")); last {
			return ended(parts, end)
		}
		if n > most {
			return nil, &Error{0, fmt.Sprintf("it has more than %d parts", most)}
		}
		if rest, ok = bytes.CutPrefix(rest, crlf); !ok {
			return nil, &Error{n, "begins on the line of its boundary"}
		}
		var text []byte
		if text, rest, ok = bytes.Cut(rest, delimiter); !ok {
			return nil, &Error{n, "has no end: the last boundary is missing"}
		}
		if text, ok = bytes.CutSuffix(text, crlf); !ok {
			return nil, &Error{n, "has the boundary within a line"}
		}
		part, reason := parsePart(text)
		if reason != "" {
			return nil, &Error{n, reason}
		}
		parts = append(parts, part)
	}
}

// ended checks what is behind the last boundary.
func ended(parts []Part, end []byte) ([]Part, error) {
	if len(end) > 0 && !bytes.Equal(end, crlf) {
		return nil, &Error{0, "it goes on behind its last boundary"}
	}
	if parts == nil {
		return nil, &Error{0, "it has no parts"}
	}
	return parts, nil
}
