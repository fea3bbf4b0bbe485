package problem

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// watchedWriter knows whether a response has begun, so that it is too late for
// an error's.
type watchedWriter struct {
	*caddyhttp.ResponseWriterWrapper

	committed bool
}

// WriteHeader begins the response, unless the status is informational.
func (w *watchedWriter) WriteHeader(status int) {
	w.committed = w.committed || status >= 200 || status == http.StatusSwitchingProtocols
	w.ResponseWriterWrapper.WriteHeader(status)
}

// Write begins the response.
func (w *watchedWriter) Write(p []byte) (int, error) {
	w.committed = true
	return w.ResponseWriterWrapper.Write(p)
}

// ReadFrom begins the response.
func (w *watchedWriter) ReadFrom(r io.Reader) (int64, error) {
	w.committed = true
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError begins the response. [http.ResponseController] would otherwise go past us.
func (w *watchedWriter) FlushError() error {
	w.committed = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over, where the protocol permits it.
func (w *watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.committed = w.committed || err == nil
	return conn, buffered, err
}

// Interface guards
var (
	_ http.ResponseWriter = (*watchedWriter)(nil)
	_ http.Hijacker       = (*watchedWriter)(nil)
	_ io.ReaderFrom       = (*watchedWriter)(nil)
)
