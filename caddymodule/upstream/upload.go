package upstream

import (
	"io"
	"net/http"
	"sync/atomic"
)

// upload notices when it is the client's own body that cannot be read, or comes
// slowly, which is not the upstream's fault. A nil upload is a body in memory,
// or none.
type upload struct {
	io.ReadCloser
	clock  *clock
	broken atomic.Bool // net/http reads it on a goroutine of its own
}

// watchUpload returns the request with its body watched, if it has one.
// While the client is waited for, the clock stands still.
func watchUpload(req *http.Request, clock *clock) (*http.Request, *upload) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	u := &upload{ReadCloser: req.Body, clock: clock}
	attempt := new(http.Request)
	*attempt = *req
	attempt.Body = u
	return attempt, u
}

// Read waits for the client, and notes an error of its body.
func (u *upload) Read(p []byte) (int, error) {
	u.clock.pause()
	defer u.clock.resume()
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		u.broken.Store(true)
	}
	return n, err
}

func (u *upload) failed() bool { return u != nil && u.broken.Load() }
