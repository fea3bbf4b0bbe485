package redisconn

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// hiccup is how much longer than usual an answer may take now and then, though
// all is well.
const hiccup = 15 * time.Millisecond

// keepAlive finds a peer that is gone without a word.
const keepAlive = time.Minute

// dialer returns a function that opens connections of the client's own kind.
// The patience is nil for one that waits as long as go-redis says.
func dialer(o *redis.UniversalOptions, files tlsFiles, p *patience) func(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: o.DialTimeout, KeepAlive: keepAlive}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		opened, err := plain.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		patient := &conn{Conn: opened, patience: p, greeting: o.DialTimeout}
		if o.TLSConfig == nil {
			return patient, nil
		}
		return files.encrypt(ctx, patient, addr, o.TLSConfig, o.DialTimeout)
	}
}

// began is when this process did.
var began = time.Now()

// conn is a connection to a server. It tells a late server from a late reader:
// when its deadline is over, it still takes the answer that has arrived, which
// a busy process had no time to read.
type conn struct {
	net.Conn
	patience *patience
	// asked is when the question was sent whose answer is not there yet, in
	// nanoseconds after began, else zero. A subscription writes while it reads.
	asked atomic.Int64
	// greeting is how long the first answer may take, which no request waits for.
	greeting time.Duration
	met      bool // the first answer was there
}

// SyscallConn lets go-redis look whether the server has closed the connection.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	under, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return under.SyscallConn()
}

// SetReadDeadline bounds the wait for an answer. The server gets its time from
// now on, when the question is sent, so that it does not pay for what came
// before.
func (c *conn) SetReadDeadline(t time.Time) error {
	switch {
	case c.patience == nil || t.IsZero():
	case !c.met:
		t = time.Now().Add(c.greeting)
	default:
		if sooner := time.Now().Add(c.patience.now()); sooner.Before(t) {
			t = sooner
		}
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *conn) Write(p []byte) (int, error) {
	if c.patience != nil {
		c.asked.Store(int64(time.Since(began)))
	}
	return c.Conn.Write(p)
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		if n = c.arrived(p); n > 0 {
			err = nil
		}
	}
	if n == 0 || c.patience == nil {
		return n, err
	}
	if asked := c.asked.Swap(0); asked != 0 {
		c.patience.learn(time.Since(began) - time.Duration(asked))
		c.met = true
	}
	return n, err
}

// arrived reads what is there without waiting, and whatever the deadline is.
func (c *conn) arrived(p []byte) (n int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	if err := raw.Control(func(fd uintptr) { n = readNow(fd, p) }); err != nil {
		return 0
	}
	return max(0, n)
}

// patience is how long the connections of one client wait for an answer. It
// follows how long answers take: the smoothed time and four times its smoothed
// deviation (RFC 6298, section 2), but at least half as long again, and a
// hiccup.
type patience struct {
	mu        sync.Mutex
	most      time.Duration
	usual     time.Duration
	deviation time.Duration
}

func (p *patience) now() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.most, p.usual+max(hiccup, p.usual/2, 4*p.deviation))
}

func (p *patience) learn(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.usual == 0 {
		p.usual, p.deviation = took, took/2
		return
	}
	p.deviation += ((took - p.usual).Abs() - p.deviation) / 4
	p.usual += (took - p.usual) / 8
}
