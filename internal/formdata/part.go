package formdata

import (
	"bytes"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHead is how many bytes the header of a part may have.
const maxHead = 4 << 10

// parsePart reads a part's header. The reason is empty if all is well.
func parsePart(text []byte) (part Part, reason string) {
	head, content, ok := bytes.Cut(text, []byte("\r\n\r\n"))
	switch {
	case !ok:
		return part, "has no empty line behind its header"
	case len(head) > maxHead:
		return part, "has a header of more than " + strconv.Itoa(maxHead) + " bytes"
	case !utf8.Valid(head):
		return part, "has a header that is not in UTF-8"
	}
	part.Content = content
	seen := map[string]bool{}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		if seen[name] {
			return part, "has a header field twice"
		}
		if strings.ContainsFunc(value, unicode.IsControl) {
			return part, "has a control character in its header"
		}
		seen[name] = true
		if reason := part.take(name, value); reason != "" {
			return part, reason
		}
	}
	if !seen["content-disposition"] {
		return part, "has no Content-Disposition"
	}
	return part, part.check()
}

// take reads a field of the header, of which the name is in lower case.
func (p *Part) take(name, value string) (reason string) {
	switch name {
	case "content-disposition":
		return p.takeDisposition(value)
	case "content-type":
		return p.takeType(value)
	case "content-length":
		if value != strconv.Itoa(len(p.Content)) {
			return "has another length than its Content-Length"
		}
		return ""
	case "content-transfer-encoding":
		switch strings.ToLower(value) {
		case "7bit", "8bit", "binary":
			return "" // nothing is encoded
		}
		return "is encoded: send it as it is, without a Content-Transfer-Encoding"
	}
	return "has a header field that a form does not need: only Content-Disposition, Content-Type and Content-Length are taken"
}

// parameter is one of a Content-Disposition. In quotes, a backslash is an
// escape to some and itself to others.
var parameter = regexp.MustCompile(`^[ \t]*;[ \t]*(?i:(name|filename|filename\*))=(?:"([^"\\]*)"|([0-9A-Za-z!#$%&'+.^_~-]+))`)

func (p *Part) takeDisposition(value string) (reason string) {
	const kind = "form-data"
	const wrong = "has a Content-Disposition other than form-data; name=…; filename=…"
	if len(value) < len(kind) || !strings.EqualFold(value[:len(kind)], kind) {
		return wrong
	}
	given := map[string]string{}
	for rest := value[len(kind):]; rest != ""; {
		found := parameter.FindStringSubmatch(rest)
		if found == nil {
			return wrong
		}
		name := strings.ToLower(found[1])
		if _, twice := given[name]; twice {
			return wrong
		}
		given[name], rest = found[2]+found[3], rest[len(found[0]):]
	}
	p.Name = given["name"]
	p.Filename, p.IsFile = given["filename"]
	if extended, ok := given["filename*"]; ok && !sameName(extended, p.Filename, p.IsFile) {
		return "has a filename* that differs from its filename"
	}
	return ""
}

// sameName reports whether the value of filename* (RFC 5987), which libraries
// of .NET add, says the same as that of filename.
func sameName(extended, filename string, given bool) bool {
	const charset = "utf-8''"
	if !given || len(extended) < len(charset) || !strings.EqualFold(extended[:len(charset)], charset) {
		return false
	}
	name, err := url.PathUnescape(extended[len(charset):])
	return err == nil && name == filename
}

var mediaType = regexp.MustCompile(`^([0-9a-z!#$&^_.+-]+/[0-9a-z!#$&^_.+-]+)[ \t]*(?:;[ \t]*(.*))?$`)

func (p *Part) takeType(value string) (reason string) {
	found := mediaType.FindStringSubmatch(strings.ToLower(value))
	if found == nil {
		return "has a Content-Type that is not a media type"
	}
	p.Type = found[1]
	if kind, _, _ := strings.Cut(p.Type, "/"); kind == "multipart" || kind == "message" {
		return "has parts of its own"
	}
	parameters := strings.ReplaceAll(found[2], `"`, "")
	decides := p.Type == "text/plain" || strings.Contains(parameters, "charset")
	if decides && parameters != "" && parameters != "charset=utf-8" {
		return "is a text with parameters other than charset=utf-8"
	}
	return ""
}

// check compares what the header says with the content.
func (p *Part) check() (reason string) {
	switch {
	case p.Name == "":
		return "has no name"
	case strings.EqualFold(p.Name, "_charset_"):
		return "names a charset for the others: send all in UTF-8"
	case p.IsFile && p.Filename == "" && len(p.Content) > 0:
		// A browser sends an empty name where no file was chosen. Most readers take
		// content beside it for a field.
		return "has content, but an empty file name"
	case p.IsFile:
		return ""
	case p.Type != "" && p.Type != "text/plain":
		return "has a media type other than text/plain, but is no file"
	case !utf8.Valid(p.Content):
		return "is no file, and not in UTF-8"
	}
	return ""
}
