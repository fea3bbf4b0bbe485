package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// startEcho puts a server in the backend's place that answers any request with
// JSON, and returns the first requests that it gets.
func (e *edge) startEcho(t *testing.T) <-chan *http.Request {
	t.Helper()
	seen := make(chan *http.Request, 16)
	listener, err := net.Listen("tcp", e.upstream)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case seen <- r:
		default: // nobody looks at them
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return seen
}
