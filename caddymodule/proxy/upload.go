package proxy

import (
	"io"
	"net/http"
	"sync/atomic"
)

// upload notices when it is the client's own body that cannot be read, which is
// not the upstream's fault. A nil upload is a body in memory, which can.
type upload struct {
	io.ReadCloser
	broken atomic.Bool // net/http reads it on a goroutine of its own
}

// watchUpload returns the request with its body watched, unless that is in memory.
func watchUpload(req *http.Request) (*http.Request, *upload) {
	if req.Body == nil || req.Body == http.NoBody || req.GetBody != nil {
		return req, nil
	}
	u := &upload{ReadCloser: req.Body}
	attempt := new(http.Request)
	*attempt = *req
	attempt.Body = u
	return attempt, u
}

// Read notes an error of the client's body.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		u.broken.Store(true)
	}
	return n, err
}

func (u *upload) failed() bool { return u != nil && u.broken.Load() }
