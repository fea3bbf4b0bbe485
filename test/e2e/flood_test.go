package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

var (
	floodConnections = flag.Int("flood-connections", 80, "connections of the flood")
	floodTime        = flag.Duration("flood-time", 3*time.Second, "how long the flood lasts")
)

// flood is a client that means harm: connections of HTTP/2 with as many streams
// as the server grants, each a POST whose body never ends. A stream that the
// server ends is replaced by another, and a connection that it closes by
// another.
type flood struct {
	address, path, token string
	config               *tls.Config

	streams atomic.Int64 // opened in all
	let     atomic.Int64 // connections that were let in
	refused atomic.Int64 // connections that were not, or that ended
	granted atomic.Int64 // streams that a connection may have at a time
}

// most is how many streams a connection opens at a time where the server grants
// it.
const most = 250

func (f *flood) run(ctx context.Context, connections int) {
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := f.connect(ctx); err != nil {
					f.refused.Add(1)
					pause(ctx, 50*time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// connect serves one connection to its end.
func (f *flood) connect(ctx context.Context) error {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: f.config}
	conn, err := dialer.DialContext(ctx, "tcp", f.address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return err
	}
	c := &floodConn{flood: f, framer: http2.NewFramer(conn, conn), granted: most, live: map[uint32]bool{}, window: 65535, next: 1}
	if err := c.framer.WriteSettings(); err != nil {
		return err
	}
	f.let.Add(1)
	for {
		if err := c.step(); err != nil {
			return err
		}
	}
}

// floodConn is one connection of a flood, used by one goroutine.
type floodConn struct {
	*flood
	framer  *http2.Framer
	live    map[uint32]bool // by the stream's id
	granted int
	window  int // what the connection may send
	next    uint32
}

var bulk = bytes.Repeat([]byte{' '}, 16<<10)

// step reads what the server sent and answers it with more load.
func (c *floodConn) step() error {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return err
	}
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if frame.IsAck() {
			return c.fill()
		}
		if n, ok := frame.Value(http2.SettingMaxConcurrentStreams); ok {
			c.granted = min(most, int(n))
			c.flood.granted.Store(int64(n))
		}
		if err := c.framer.WriteSettingsAck(); err != nil {
			return err
		}
	case *http2.WindowUpdateFrame:
		if frame.StreamID == 0 {
			c.window += int(frame.Increment)
		}
	case *http2.RSTStreamFrame:
		delete(c.live, frame.StreamID)
	case *http2.HeadersFrame:
		if frame.StreamEnded() {
			delete(c.live, frame.StreamID)
		}
	case *http2.DataFrame:
		if err := c.framer.WriteWindowUpdate(0, max(1, frame.Length)); err != nil {
			return err
		}
		if frame.StreamEnded() {
			delete(c.live, frame.StreamID)
		}
	case *http2.PingFrame:
		if !frame.IsAck() {
			return c.framer.WritePing(true, frame.Data)
		}
	case *http2.GoAwayFrame:
		return errors.New("the server goes away")
	}
	return c.fill()
}

// fill opens streams up to what is granted and sends each a part of its body.
func (c *floodConn) fill() error {
	for len(c.live) < c.granted {
		var head bytes.Buffer
		encoder := hpack.NewEncoder(&head)
		for _, field := range [][2]string{
			{":method", "POST"}, {":scheme", "https"}, {":authority", c.config.ServerName + c.address[strings.LastIndexByte(c.address, ':'):]}, {":path", c.path},
			{"content-type", "application/json"}, {"authorization", "Bearer " + c.token},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
				return err
			}
		}
		if err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: c.next, BlockFragment: head.Bytes(), EndHeaders: true}); err != nil {
			return err
		}
		c.live[c.next] = true
		c.next += 2
		c.streams.Add(1)
	}
	for id := range c.live {
		if c.window < len(bulk) {
			return nil
		}
		c.window -= len(bulk)
		if err := c.framer.WriteData(id, false, bulk); err != nil {
			return err
		}
	}
	return nil
}

// TestAFloodOfStreamsHurtsNeitherMemoryNorOthers is a short form of an attack
// from one address. The long form:
//
//	go test ./test/e2e -run Flood -v -flood-connections 100 -flood-time 15s
func TestAFloodOfStreamsHurtsNeitherMemoryNorOthers(t *testing.T) {
	e := startUp(t)
	config := e.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName, config.NextProtos = "localhost", []string{"h2"}
	f := &flood{address: "127.0.0.1:" + port(e.url), path: generatePath, token: e.token(t), config: config}
	before := e.memory(t)

	ctx, cancel := context.WithTimeout(t.Context(), *floodTime)
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); f.run(ctx, *floodConnections) }()
	others := e.neighbour(t, "127.0.0.2")
	answered := 0
	var slowest time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		resp, err := others.Get(e.url + "/health/ready")
		if err != nil {
			t.Errorf("the probe of another address, after %s: %v", time.Since(began), err)
			break
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the probe of another address: %s", resp.Status)
		}
		answered++
		slowest = max(slowest, time.Since(began))
		pause(ctx, 100*time.Millisecond)
	}
	<-done
	after := e.memory(t)
	t.Logf("%d streams on %d connections, %d refused or ended; %d probes answered, the slowest in %s; Go's memory %d → %d MB, at most %d MB resident",
		f.streams.Load(), f.let.Load(), f.refused.Load(), answered, slowest, before.goTotal>>20, after.goTotal>>20, after.peak>>20)
	if f.streams.Load() == 0 {
		t.Error("the flood opened no stream")
	}
	if got := f.granted.Load(); got != 32 {
		t.Errorf("a connection may have %d streams, want the Caddyfile's 32", got)
	}
	if f.refused.Load() == 0 {
		t.Error("no connection was refused")
	}
	const bound = 512 << 20
	if after.goTotal > bound || !raceEnabled && after.peak > bound {
		t.Errorf("more than %d MB of memory", bound>>20)
	}
}

// neighbour is a client of the edge with another address of loopback.
func (e *edge) neighbour(t *testing.T, address string) *http.Client {
	t.Helper()
	transport := e.client.Transport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext
	transport.DisableKeepAlives = true // probes come on connections of their own
	return &http.Client{Timeout: 10 * time.Second, Transport: transport}
}

// memory is what a process has taken from the system.
type memory struct {
	goTotal int // by Go's runtime: this does not fall
	peak    int // resident, at most
}

func (e *edge) memory(t *testing.T) memory {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var m memory
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if m.peak, err = strconv.Atoi(strings.Fields(value)[0]); err != nil {
				t.Fatal(err)
			}
			m.peak <<= 10
		}
	}
	m.goTotal = int(e.total(t, "go_memstats_sys_bytes"))
	return m
}

// total returns the value of a metric without labels.
func (e *edge) total(t *testing.T, name string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + e.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(a.body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
