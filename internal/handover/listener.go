// Package handover moves connections of HTTP/1.1 from a server that stops to
// the one that takes its place on the same address.
//
// When http.Server is shut down, it closes connections on which no request is
// being answered, and connections whose request it has just read. A client may
// be sending on one, and cannot tell whether its request was answered. With the
// listener of this package such a connection is not closed. The newest server
// of the address gets it, together with what was read of a request.
//
// It gets only what no handler has begun, and only if it is certain where the
// requests that were handled end: after one with chunks, a connection is closed
// as ever. So are those of the last server of an address.
//
// A connection of HTTP/2 is left alone. The protocol can tell clients which
// requests were not begun, and http.Server does.
package handover

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Timeouts are those of a server. Zero is for none.
type Timeouts struct {
	// Header bounds a TLS handshake, and the head of a request.
	Header time.Duration
	// Idle bounds the wait for another request on a connection.
	Idle time.Duration
}

// Listener is a listener of one server. The server needs [Handler] and
// [ConnState], too.
type Listener struct {
	net.Listener
	place    string
	timeouts Timeouts

	ready  chan net.Conn
	failed chan error
	closed chan struct{}
	close  func() error
}

// Listen returns a listener with the connections of another one, and with those
// that servers of the same address leave. What it accepts may be a *tls.Conn,
// whose handshake is done by then. Servers with TLS and without leave each
// other nothing.
func Listen(inner net.Listener, secure bool, timeouts Timeouts) *Listener {
	l := &Listener{
		Listener: inner, place: inner.Addr().String(), timeouts: timeouts,
		ready: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{}),
	}
	if secure {
		l.place += " with TLS"
	}
	l.close = sync.OnceValue(func() error {
		open.remove(l)
		close(l.closed)
		return inner.Close()
	})
	open.add(l)
	go l.acceptAll()
	return l
}

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed // also where a connection waits
	default:
	}
	select {
	case c := <-l.ready:
		if c, ok := c.(interface{ given(*Listener) }); ok {
			c.given(l)
		}
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close closes the listener. Connections that it has not returned yet go to the
// newest listener of the address, if there is one.
func (l *Listener) Close() error { return l.close() }

func (l *Listener) acceptAll() {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			go l.prepare(c)
			continue
		}
		select {
		case l.failed <- err:
		case <-l.closed:
			return
		}
	}
}

// prepare makes a connection ready for a server.
func (l *Listener) prepare(c net.Conn) {
	secure, ok := c.(*tls.Conn)
	switch {
	case !ok:
		pass(l.place, &conn{Conn: c})
	case l.speaksHTTP1(secure):
		pass(l.place, &secureConn{&conn{Conn: c}, secure})
	default:
		pass(l.place, c) // http.Server serves HTTP/2, and logs what failed
	}
}

// speaksHTTP1 does the handshake, and reports whether it chose HTTP/1.1.
func (l *Listener) speaksHTTP1(c *tls.Conn) bool {
	if l.timeouts.Header > 0 {
		// If the connection is closed, the handshake says so.
		_ = c.SetDeadline(time.Now().Add(l.timeouts.Header))
	}
	err := c.HandshakeContext(context.Background())
	_ = c.SetDeadline(time.Time{})
	return err == nil && c.ConnectionState().NegotiatedProtocol != "h2"
}

// pass gives a connection to the newest listener of a place. Without one it
// closes it.
func pass(place string, c net.Conn) {
	for l := open.newest(place); l != nil; l = open.newest(place) {
		select {
		case l.ready <- c:
			return
		case <-l.closed:
		}
	}
	_ = c.Close() // There is nobody to tell.
}

// open are the listeners of this process.
var open = listeners{at: map[string][]*Listener{}}

type listeners struct {
	mu sync.Mutex
	at map[string][]*Listener // by place, the newest last
}

func (o *listeners) add(l *Listener) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at[l.place] = append(o.at[l.place], l)
}

func (o *listeners) remove(l *Listener) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var others []*Listener
	for _, other := range o.at[l.place] {
		if other != l {
			others = append(others, other)
		}
	}
	if o.at[l.place] = others; others == nil {
		delete(o.at, l.place)
	}
}

func (o *listeners) newest(place string) *Listener {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.at[place]
	if len(at) == 0 {
		return nil
	}
	return at[len(at)-1]
}

// succeeded reports whether another server takes the place of this one. That is
// so from the moment the other one listens: a server that is shut down ends
// connections a little before it closes its listeners.
func (l *Listener) succeeded() bool {
	newest := open.newest(l.place)
	return newest != nil && newest != l
}
