package redistest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy stands between clients and a server and makes the network worse.
type Proxy struct {
	// Addr is where it listens, as host:port.
	Addr string

	target   string
	listener net.Listener
	done     chan struct{}
	work     sync.WaitGroup

	mu    sync.Mutex
	delay time.Duration
	// bandwidth is in bytes a second, each way of a connection; 0 for no bound.
	bandwidth int
	open      map[net.Conn]struct{}
}

// StartProxy starts a proxy to a server. What goes through is delayed by half
// of the round trip each way.
func StartProxy(t testing.TB, target string, roundTrip time.Duration) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		Addr: listener.Addr().String(), target: target, listener: listener,
		done: make(chan struct{}), delay: roundTrip / 2, open: make(map[net.Conn]struct{}),
	}
	p.work.Go(p.accept)
	t.Cleanup(func() {
		close(p.done)
		_ = listener.Close()
		p.Cut()
		p.work.Wait()
	})
	return p
}

// URL is the proxy's address as a redis:// URL.
func (p *Proxy) URL() string { return "redis://" + p.Addr }

// SetRoundTrip changes the delay for what is sent from now on.
func (p *Proxy) SetRoundTrip(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d / 2
}

// SetBandwidth changes how many bytes go through in a second, each way of each
// connection, from now on; 0 for no bound.
func (p *Proxy) SetBandwidth(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bandwidth = bytes
}

// Cut breaks all connections that are open.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
	clear(p.open)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.open[client], p.open[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client) })
	both.Go(func() { p.carry(client, server) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
	delete(p.open, server)
}

// due returns when n bytes that came now are to be handed on, after those that
// are due before them.
func (p *Proxy) due(n int, before time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := time.Now().Add(p.delay)
	if p.bandwidth == 0 {
		return due
	}
	if before.After(due) {
		due = before
	}
	return due.Add(time.Duration(n) * time.Second / time.Duration(p.bandwidth))
}

// parcel is what was read at once, and when it is to be handed on.
type parcel struct {
	data []byte
	due  time.Time
}

// carry copies from one side to the other, each part after its delay, without
// holding back the next.
func (p *Proxy) carry(to, from net.Conn) {
	parcels := make(chan parcel, 1024)
	p.work.Go(func() {
		defer func() { _ = to.Close() }()
		for one := range parcels {
			select {
			case <-time.After(time.Until(one.due)):
			case <-p.done:
			}
			if _, err := to.Write(one.data); err != nil {
				_ = from.Close()
			}
		}
	})
	defer close(parcels)
	var last time.Time
	for {
		data := make([]byte, 32<<10)
		n, err := from.Read(data)
		if n > 0 {
			last = p.due(n, last)
			parcels <- parcel{data[:n], last}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = to.Close()
			}
			return
		}
	}
}
