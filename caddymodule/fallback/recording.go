package fallback

import (
	"net/http"
	"strconv"

	"github.com/odordiff/odordiff/internal/ladder"
)

// recording is the copy of an answer while it is passed on.
type recording struct {
	running bool // nothing is recorded otherwise
	answer  ladder.Answer
	length  int64 // as announced; -1 if unknown
	limit   int64
}

// newRecording begins the copy of an answer of at most limit bytes. It does not
// run if the answer announces more.
func newRecording(header http.Header, status int, limit int64, announced string) recording {
	length, err := strconv.ParseInt(announced, 10, 64)
	if err != nil {
		length = -1
	}
	if length > limit {
		return recording{}
	}
	rec := recording{running: true, answer: ladder.Answer{Status: status, Header: header}, length: length, limit: limit}
	if length > 0 {
		rec.answer.Body = make([]byte, 0, length)
	}
	return rec
}

func (rec *recording) add(p []byte) {
	if !rec.running {
		return
	}
	if int64(len(rec.answer.Body)+len(p)) > rec.limit {
		*rec = recording{}
		return
	}
	rec.answer.Body = append(rec.answer.Body, p...)
}

// complete returns the answer if all of it was seen. An answer of unknown
// length is complete when its handler returns, because a handler whose answer
// breaks off panics.
func (rec *recording) complete() (ladder.Answer, bool) {
	if !rec.running || rec.length >= 0 && rec.length != int64(len(rec.answer.Body)) {
		return ladder.Answer{}, false
	}
	return rec.answer, true
}
