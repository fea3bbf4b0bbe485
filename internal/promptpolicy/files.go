package promptpolicy

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// atFile reports whether the current value may be a file.
func (c *collector) atFile() bool {
	for _, path := range c.files {
		if path.leadsTo(c.at) {
			return true
		}
	}
	return false
}

// leadsTo reports whether names lead to what a path leads to, or below it.
func (p PromptPath) leadsTo(names []string) bool {
	if len(names) < len(p.tokens) {
		return false
	}
	for i, token := range p.tokens {
		if token != "*" && !isFolded(names[i], p.folded[i]) {
			return false
		}
	}
	return true
}

// sampleSize is how many bytes of a file tell its format.
const sampleSize = 512

// fileHead returns what is text in a file: data:image/png;base64 in a data URL,
// nothing in bare base64. It is not ok unless the text is base64 throughout, of
// an image, a sound, a film, a PDF or a ZIP, as its first bytes and the data
// URL both say. So a file of text is a text, and so is whatever only pretends
// to be a file.
func fileHead(text string) (head string, ok bool) {
	data := text
	declared := ""
	if rest, isURL := strings.CutPrefix(text, "data:"); isURL {
		head, data, _ = strings.Cut(rest, ",")
		if declared, ok = strings.CutSuffix(head, ";base64"); !ok {
			return "", false
		}
		head = "data:" + head
	}
	sample, ok := sampleOf(data)
	if !ok || isReadable(sample) {
		return "", false
	}
	if kind := kindOfFile(formatOf(sample)); kind == "" || declared != "" && kindOfFile(declared) != kind {
		return "", false
	}
	return head, true
}

// sampleOf decodes the beginning of base64. It is not ok unless all of it is
// base64.
func sampleOf(data string) (sample []byte, ok bool) {
	data = strings.TrimSuffix(strings.TrimSuffix(data, "="), "=")
	for i := range len(data) {
		if !isBase64[data[i]] {
			return nil, false
		}
	}
	sample, err := base64.RawStdEncoding.DecodeString(data[:min(len(data), base64.RawStdEncoding.EncodedLen(sampleSize))])
	return sample, err == nil
}

var isBase64 = func() (table [256]bool) {
	for c := range table {
		table[c] = 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
	}
	return table
}()

// isReadable reports whether bytes are a text, perhaps one that begins like a
// file. The last character may be cut off.
func isReadable(sample []byte) bool {
	for len(sample) > 0 {
		r, size := utf8.DecodeRune(sample)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(sample)
		}
		if r < ' ' && !strings.ContainsRune("\t\n\r", r) {
			return false
		}
		sample = sample[size:]
	}
	return true
}

// formatOf returns the media type that the first bytes of a file show.
func formatOf(sample []byte) string {
	switch {
	case bytes.HasPrefix(sample, []byte("fLaC")):
		return "audio/flac"
	case len(sample) > 1 && sample[0] == 0xff && sample[1]&0xe6 == 0xe2:
		// the head of a frame of MP3
		return "audio/mpeg"
	}
	return http.DetectContentType(sample)
}

// kindOfFile returns what kind of a file a media type means; empty for those
// that may be text. A sound and a film may have the same container.
func kindOfFile(mediaType string) string {
	kind, format, _ := strings.Cut(mediaType, "/")
	switch {
	case kind == "image" && strings.HasPrefix(format, "svg"):
		return ""
	case kind == "image":
		return kind
	case kind == "audio", kind == "video", mediaType == "application/ogg":
		return "audio"
	case mediaType == "application/pdf":
		return mediaType
	case mediaType == "application/zip", strings.HasPrefix(mediaType, "application/vnd.openxmlformats-officedocument."):
		return "application/zip"
	}
	return ""
}
