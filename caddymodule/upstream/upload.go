package upstream

import (
	"io"
	"net/http"
	"sync/atomic"
)

// upload notices when it is the client's own body that cannot be read, or comes
// slowly, which is not the upstream's fault.
type upload struct {
	io.ReadCloser
	clock  *clock
	broken atomic.Bool // net/http reads it on a goroutine of its own
}

// watch becomes the body of the request, if it has one. While the client is
// waited for, the clock stands still.
func (u *upload) watch(req *http.Request, clock *clock) {
	if req.Body == nil || req.Body == http.NoBody {
		return
	}
	u.ReadCloser, u.clock = req.Body, clock
	req.Body = u
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
