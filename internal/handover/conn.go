package handover

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// phase is where a connection is between two requests.
type phase int

const (
	// waiting is for a request: no handler has begun on what was read since the
	// last response. The connection can go to another server.
	waiting phase = iota
	// handling is from the begin of a handler to its return.
	handling
	// answering is until the server has sent the rest of the response. It decides
	// then whether it keeps the connection.
	answering
	// fixed is when it is not known where the next request begins. The connection
	// stays with its server to its end.
	fixed
)

// conn is a connection of HTTP/1.1 that can go from one server to another.
type conn struct {
	net.Conn
	server *Listener // set before the server has it; nil if none took it

	reading sync.Mutex // held while the server reads

	mu    sync.Mutex
	phase phase
	// rest is what the server before had read, and this one has not yet.
	rest []byte
	// head is what the server has read of a request that no handler has begun.
	head []byte
	// body is how much of the request that is handled was not read yet.
	body int64
	// kept is for a connection that had a request, and quiet for one that came
	// to this server after it and has not sent anything since.
	kept, quiet bool
	moved       bool  // to another server; this one must not touch it
	closing     bool  // by the server, before it said whether it keeps it
	broken      error // of reading
}

// given is called before the listener's server gets the connection.
func (c *conn) given(l *Listener) { c.server = l }

// Read reads first what the server before had read.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if n, err := c.readRest(p); n > 0 || err != nil {
		return n, err
	}
	n, err := c.Conn.Read(p)
	return n, c.note(p[:n], err)
}

func (c *conn) readRest(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved {
		return 0, net.ErrClosed
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	c.count(p[:n])
	return n, nil
}

// note keeps account of what was read. If the connection has gone to another
// server meanwhile, that server reads it again.
func (c *conn) note(p []byte, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(p)
	if c.moved {
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			c.broken = err
		}
		return net.ErrClosed
	}
	if err != nil && c.phase == waiting {
		c.fix()
	}
	if len(p) > 0 && c.quiet {
		c.quiet = false
		// If the connection is closed, the next read says so.
		_ = c.Conn.SetReadDeadline(deadline(c.server.timeouts.Header))
	}
	return err
}

func (c *conn) count(p []byte) {
	switch c.phase {
	case waiting:
		c.head = append(c.head, p...)
	case handling, answering:
		own := min(c.body, int64(len(p)))
		c.body -= own
		// The server reads on to see whether the client is still there.
		c.head = append(c.head, p[own:]...)
	case fixed:
	}
}

// Write is by the server itself while no handler has begun: it refuses what it
// has read.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.written(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *conn) written() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved {
		return net.ErrClosed
	}
	if c.phase == waiting {
		c.fix()
	}
	return nil
}

// Close closes the connection, or gives it to the server that takes this one's
// place.
//
// A server that shuts down closes a connection that it keeps a moment before it
// calls [ConnState]. So while it is answering, Close leaves it to that call.
func (c *conn) Close() error {
	c.mu.Lock()
	switch {
	case c.moved:
		c.mu.Unlock()
		return nil
	case c.phase == answering && c.server.succeeded():
		c.closing = true
		_ = c.Conn.SetDeadline(past) // It ends a write that hangs.
		c.mu.Unlock()
		return nil
	case c.server == nil || c.phase != waiting || !c.server.succeeded():
		c.mu.Unlock()
		return c.Conn.Close()
	}
	c.moved = true
	_ = c.Conn.SetReadDeadline(past) // It ends a read of this server.
	c.mu.Unlock()
	// A read of TLS may have to write, to a client that does not take it. The
	// server must not wait for that.
	go c.move()
	return nil
}

// move gives the connection to another server, once this one does not read any
// more.
func (c *conn) move() {
	c.reading.Lock()
	broken := c.broken
	c.reading.Unlock()
	if broken != nil {
		_ = c.Conn.Close() // It is of no use to another server.
		return
	}
	_ = c.Conn.SetDeadline(time.Time{})
	pass(c.server.place, c.next())
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// next is the connection for the next server.
func (c *conn) next() net.Conn {
	// Empty lines after a request are ignored, but not by a server that has not
	// seen that request.
	rest := bytes.TrimLeft(append(c.head, c.rest...), "\r\n")
	next := &conn{Conn: c.Conn, rest: rest, kept: c.kept, quiet: c.kept && len(rest) == 0}
	if secure, ok := c.Conn.(*tls.Conn); ok {
		return &secureConn{next, secure}
	}
	return next
}

// SetReadDeadline sets the deadline. A server takes a connection that had
// requests elsewhere for a new one, but it may be idle as long as any other.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved {
		return net.ErrClosed
	}
	if c.quiet && t.After(time.Now()) {
		t = deadline(c.server.timeouts.Idle)
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetWriteDeadline sets the deadline of writing.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved {
		return net.ErrClosed
	}
	return c.Conn.SetWriteDeadline(t)
}

// LocalAddr returns the address, which also tells [Handler] and [ConnState] the
// connection: http.Server has no other way that survives wrapping.
func (c *conn) LocalAddr() net.Addr { return localAddr{c.Conn.LocalAddr(), c} }

type localAddr struct {
	net.Addr
	conn *conn
}

// begin is called when a handler begins, whose request has so long a body; -1
// is for a body of unknown length.
func (c *conn) begin(body int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := endOfHead(c.head)
	if c.phase != waiting || end < 0 || body < 0 {
		c.fix()
		return
	}
	read := c.head[end:]
	c.forget()
	c.phase, c.kept, c.body = handling, true, body
	c.count(read)
}

// returned is called when the handler has returned.
func (c *conn) returned() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == handling {
		c.phase = answering
	}
}

// answered is called when the server waits for another request.
func (c *conn) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != answering || c.body > 0 {
		c.fix()
		return
	}
	c.phase = waiting
}

// ended is called when the server has closed the connection.
func (c *conn) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing && !c.moved {
		_ = c.Conn.Close() // The server has had its answer already.
	}
}

// hijacked is called when a handler takes the connection for itself.
func (c *conn) hijacked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fix()
}

// fix keeps the connection where it is.
func (c *conn) fix() {
	c.phase = fixed
	c.forget()
}

// forget empties the head, and keeps no more memory for the next one than most
// heads need.
func (c *conn) forget() {
	if c.head = c.head[:0]; cap(c.head) > 4096 {
		c.head = nil
	}
}

// endOfHead returns where the head of a request ends, as net/http sees it:
// after the first empty line. It passes over empty lines before the request.
// Without an end it returns -1.
func endOfHead(b []byte) int {
	begin := len(b) - len(bytes.TrimLeft(b, "\r\n"))
	for i := begin; i < len(b); i++ {
		switch {
		case b[i] != '\n':
		case bytes.HasPrefix(b[i+1:], []byte("\n")):
			return i + 2
		case bytes.HasPrefix(b[i+1:], []byte("\r\n")):
			return i + 3
		}
	}
	return -1
}

// deadline returns when so much time will be over; for zero, never.
func deadline(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// secureConn is a conn with TLS.
type secureConn struct {
	*conn
	tls *tls.Conn
}

// ConnectionState returns what the handshake agreed on.
func (c *secureConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
