package handover

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// place is an address with one server after the other.
type place struct {
	sockets Sockets
	address string
	tls     *tls.Config // nil for none
}

// server is one of them. Its handler answers with the server's name.
type server struct {
	*http.Server
	requests atomic.Int32
	closed   chan struct{} // when it has begun to shut down
}

func (p *place) serve(t *testing.T, name string, handler http.HandlerFunc) *server {
	t.Helper()
	if p.address == "" {
		p.address = "127.0.0.1:0"
	}
	socket, err := p.sockets.Listen("place", func() (net.Listener, error) { return net.Listen("tcp", p.address) })
	if err != nil {
		t.Fatal(err)
	}
	p.address = socket.Addr().String()
	s := &server{closed: make(chan struct{})}
	s.Server = &http.Server{ConnState: ConnState, Handler: Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if handler != nil {
			handler(w, r)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, name)
	}))}
	if p.tls != nil {
		socket = tls.NewListener(socket, p.tls)
	}
	listener := Listen(socket, p.tls != nil, Timeouts{Header: time.Minute, Idle: time.Minute})
	go func() {
		_ = s.Serve(listener) // It says that the server was closed.
		close(s.closed)
	}()
	t.Cleanup(func() { s.Close() })
	return s
}

// stop shuts the server down, and returns when it takes no connection any more.
func (s *server) stop(t *testing.T) {
	t.Helper()
	go func() { _ = s.Shutdown(context.WithoutCancel(t.Context())) }()
	<-s.closed
}

func (p *place) dial(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

func send(t *testing.T, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func wantAnswer(t *testing.T, r *bufio.Reader, from string) {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != from {
		t.Fatalf("the answer is %q, %v, want one of %s", body, err, from)
	}
}

func wantEnd(t *testing.T, r *bufio.Reader) {
	t.Helper()
	if b, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Fatalf("read %q, %v, want the end of the connection", b, err)
	}
}

const (
	get  = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
)

func TestAConnectionGoesFromServerToServer(t *testing.T) {
	var p place
	old := p.serve(t, "1", nil)
	c, answers := p.dial(t)
	for _, request := range []string{get, post} {
		send(t, c, request)
		wantAnswer(t, answers, "1")
	}
	for _, next := range []string{"2", "3"} {
		s := p.serve(t, next, nil)
		old.stop(t)
		for _, request := range []string{post, get} {
			send(t, c, request)
			wantAnswer(t, answers, next)
		}
		old = s
	}
}

func TestARequestThatNoHandlerHasBegunIsAnsweredByTheNextServer(t *testing.T) {
	var p place
	old := p.serve(t, "old", nil)
	fresh, freshAnswers := p.dial(t)
	kept, keptAnswers := p.dial(t)
	send(t, kept, get)
	wantAnswer(t, keptAnswers, "old")
	half := len(post) / 2
	for _, c := range []net.Conn{fresh, kept} {
		send(t, c, post[:half])
	}
	p.serve(t, "new", nil)
	old.stop(t)
	for _, c := range []net.Conn{fresh, kept} {
		send(t, c, post[half:])
	}
	wantAnswer(t, freshAnswers, "new")
	wantAnswer(t, keptAnswers, "new")
	if n := old.requests.Load(); n != 1 {
		t.Errorf("the old server has begun %d requests", n)
	}
}

func TestARequestThatAHandlerHasBegunIsNotRepeated(t *testing.T) {
	var p place
	begun, release := make(chan struct{}), make(chan struct{})
	old := p.serve(t, "old", func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-release
		panic(http.ErrAbortHandler)
	})
	c, answers := p.dial(t)
	send(t, c, get)
	<-begun
	next := p.serve(t, "new", nil)
	old.stop(t)
	close(release)
	wantEnd(t, answers)
	if n := next.requests.Load(); n != 0 {
		t.Errorf("the new server has begun %d requests", n)
	}
}

// The response has begun before the shutdown, so it does not say that the
// connection will be closed.
func TestWhatComesBehindARequestGoesToTheNextServer(t *testing.T) {
	for name, test := range map[string]struct{ first, behind, later string }{
		"without a body":      {get, post, ""},
		"with a body":         {post, get, ""},
		"after an empty line": {"\r\n" + post, "\r\n" + post, ""},
		"with lone newlines":  {strings.ReplaceAll(post, "\r", ""), post, ""},
		"a part of a head":    {get, post[:10], post[10:]},
		"a part of a body":    {get, post[:len(post)-1], post[len(post)-1:]},
	} {
		t.Run(name, func(t *testing.T) {
			var p place
			begun, release := make(chan struct{}, 1), make(chan struct{})
			old := p.serve(t, "old", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/before" {
					return
				}
				w.Header().Set("Content-Length", "3")
				_ = http.NewResponseController(w).Flush() // It fails where the answer does.
				begun <- struct{}{}
				<-release
			})
			c, answers := p.dial(t)
			send(t, c, strings.Replace(post, "/", "/before", 1))
			wantAnswer(t, answers, "old")
			send(t, c, test.first+test.behind)
			<-begun
			next := p.serve(t, "new", nil)
			old.stop(t)
			close(release)
			wantAnswer(t, answers, "old")
			send(t, c, test.later)
			wantAnswer(t, answers, "new")
			if old, next := old.requests.Load(), next.requests.Load(); old != 2 || next != 1 {
				t.Errorf("the old server has begun %d requests, the new one %d", old, next)
			}
		})
	}
}

func TestAConnectionIsClosedWhere(t *testing.T) {
	const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
	for name, test := range map[string]struct {
		request string
		next    bool
	}{
		"the end of a request is not known": {chunked, true},
		"no server takes the place":         {get, false},
	} {
		t.Run(name, func(t *testing.T) {
			var p place
			old := p.serve(t, "old", nil)
			c, answers := p.dial(t)
			send(t, c, test.request)
			wantAnswer(t, answers, "old")
			if test.next {
				p.serve(t, "new", nil)
			}
			old.stop(t)
			wantEnd(t, answers)
		})
	}
}

func TestAServerThatDoesNotStayGivesConnectionsBack(t *testing.T) {
	var p place
	p.serve(t, "1", nil)
	second := p.serve(t, "2", nil)
	c, answers := p.dial(t)
	send(t, c, post)
	wantAnswer(t, answers, "2")
	second.stop(t)
	send(t, c, post)
	wantAnswer(t, answers, "1")
}

func TestAHandlerMayTakeAConnectionForItself(t *testing.T) {
	var p place
	taken := make(chan net.Conn, 1)
	old := p.serve(t, "old", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		taken <- c
		panic(http.ErrAbortHandler) // nothing more is for the client
	})
	c, answers := p.dial(t)
	send(t, c, get)
	tunnel := <-taken
	next := p.serve(t, "new", nil)
	old.stop(t)
	send(t, c, get)
	if line, err := bufio.NewReader(tunnel).ReadString('\n'); err != nil || !strings.HasPrefix(get, line) {
		t.Errorf("the handler read %q, %v", line, err)
	}
	tunnel.Close()
	wantEnd(t, answers)
	if n := next.requests.Load(); n != 0 {
		t.Errorf("the new server has begun %d requests", n)
	}
}

// securePlace is one whose servers have TLS, with a client that trusts them.
func securePlace(t *testing.T) (*place, *http.Client) {
	t.Helper()
	certified := httptest.NewUnstartedServer(http.NotFoundHandler())
	certified.EnableHTTP2 = true
	certified.StartTLS()
	t.Cleanup(certified.Close)
	return &place{tls: certified.TLS}, certified.Client()
}

// ask posts something, and returns the answer, the version of HTTP, and whether
// the connection had been used before.
func (p *place) ask(t *testing.T, client *http.Client) (answer, protocol string, reused bool) {
	t.Helper()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.address, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), resp.Proto, reused
}

func TestAConnectionWithTLSGoesFromServerToServer(t *testing.T) {
	p, client := securePlace(t)
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = false
	old := p.serve(t, "1", nil)
	p.ask(t, client)
	for _, name := range []string{"2", "3"} {
		next := p.serve(t, name, nil)
		old.stop(t)
		if answer, protocol, reused := p.ask(t, client); answer != name || protocol != "HTTP/1.1" || !reused {
			t.Errorf("answer of %s over %s, on a kept connection: %t; want one of %s", answer, protocol, reused, name)
		}
		old = next
	}
}

func TestHTTP2IsServedAsEver(t *testing.T) {
	p, client := securePlace(t)
	old := p.serve(t, "old", nil)
	answer, protocol, _ := p.ask(t, client)
	if answer != "old" || protocol != "HTTP/2.0" {
		t.Errorf("answer of %s over %s", answer, protocol)
	}
	p.serve(t, "new", nil)
	old.stop(t)
	for answer == "old" { // until the client has read that it should go
		if answer, protocol, _ = p.ask(t, client); protocol != "HTTP/2.0" {
			t.Errorf("answer of %s over %s", answer, protocol)
		}
	}
}

func TestWhoSpeaksNoTLSIsToldSo(t *testing.T) {
	p, _ := securePlace(t)
	p.serve(t, "server", nil)
	c, answers := p.dial(t)
	send(t, c, get)
	line, err := answers.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.0 400") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestASocketStaysOpenUntilItsLastListenerIsClosed(t *testing.T) {
	var s Sockets
	listen := func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	first, err := s.Listen("place", listen)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Listen("place", listen)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", first.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the closed listener: %v", err)
	}
	accepted, err := second.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted.Close()
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", first.Addr().String()); err == nil {
		c.Close()
		t.Error("the socket is still open")
	}
}

// A client may take its time over the handshake, until nobody is left who could
// serve it.
func TestAConnectionThatNobodyTakesIsClosed(t *testing.T) {
	p, _ := securePlace(t)
	last := p.serve(t, "last", nil)
	c, _ := p.dial(t)
	// The server has the connection once it answers the first message.
	hello, held := make(chan struct{}), make(chan struct{})
	client := tls.Client(&heldConn{Conn: c, read: hello, goOn: held}, &tls.Config{InsecureSkipVerify: true})
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	<-hello
	last.stop(t)
	close(held)
	<-done
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v, want the end of the connection", err)
	}
}

// heldConn holds what was read first until it may go on.
type heldConn struct {
	net.Conn
	once       sync.Once
	read, goOn chan struct{}
}

func (c *heldConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.once.Do(func() { close(c.read); <-c.goOn })
	return n, err
}
