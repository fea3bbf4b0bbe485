package bench

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/freeport"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

// BenchmarkChain sends requests through the handlers of each rung in this
// process, without a client's connection: what a module adds to plain Caddy is
// the difference between two of its lines. For the functions behind that, see
// `make profile`.
func BenchmarkChain(b *testing.B) {
	for _, r := range rungs {
		b.Run(strings.Map(dashed, r.name), func(b *testing.B) {
			c := startChain(b, r)
			b.ReportAllocs()
			for b.Loop() {
				c.send(b)
			}
		})
	}
}

// chain is a rung that runs in this process.
type chain struct {
	rung
	server  http.Handler
	address net.Addr
	state   string // the directory
	token   string
	sent    uint64
}

// startChain runs a rung until the test ends. A process has one Caddy, so only
// one rung runs at a time.
func startChain(t testing.TB, r rung) *chain {
	t.Helper()
	state, site := t.TempDir(), freeport.Get(t)
	for name, value := range map[string]string{
		"ODORDIFF_STATE": state, "ODORDIFF_POLICIES": policies(t), "ODORDIFF_SITE": "127.0.0.1",
		"ODORDIFF_UPSTREAM": listen(t), "ODORDIFF_ADMIN": "localhost:" + freeport.Get(t), "ODORDIFF_HTTPS_PORT": site,
		"ODORDIFF_HTTP_PORT": freeport.Get(t), "ODORDIFF_PROBE_PORT": freeport.Get(t), "ODORDIFF_LOG_LEVEL": "ERROR",
		"ODORDIFF_REDIS": "off",
	} {
		t.Setenv(name, value)
	}
	bearer := mint(t, state, "dev")
	config, err := edgetest.Adapt(render(loggedToFiles(parse(t, r.caddyfile(t)))))
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	})
	c := &chain{rung: r, server: serverOf(t, site), state: state, token: bearer, address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}}
	for range 100 { // what is made once is made now
		c.send(t)
	}
	return c
}

// serverOf returns Caddy's server of the site.
func serverOf(t testing.TB, port string) http.Handler {
	t.Helper()
	app, err := caddy.ActiveContext().App("http")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range app.(*caddyhttp.App).Servers {
		for _, address := range server.Listen {
			if strings.HasSuffix(address, ":"+port) {
				return server
			}
		}
	}
	t.Fatalf("no server listens on port %s", port)
	return nil
}

// send makes a request and reads the answer. Anything but a 200 that shows the
// rung's work ends the test.
func (c *chain) send(t testing.TB) {
	t.Helper()
	c.sent++
	c.sendBody(t, body(c.sent), c.token)
}

func (c *chain) sendBody(t testing.TB, text, token string) {
	t.Helper()
	w := &answer{header: make(http.Header)}
	c.server.ServeHTTP(w, c.request(text, token))
	if w.status != http.StatusOK || c.field != "" && w.header.Get(c.field) == "" {
		t.Fatalf("%s: %d %v", c.name, w.status, w.header)
	}
}

// request returns a request as net/http's server gives it to a handler.
func (c *chain) request(text, token string) *http.Request {
	ctx := context.WithValue(context.Background(), http.LocalAddrContextKey, c.address)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/generate", io.NopCloser(strings.NewReader(text)))
	if err != nil {
		panic(err) // The URL is constant.
	}
	r.Host, r.RequestURI, r.RemoteAddr = "127.0.0.1", "/api/v1/generate", "127.0.0.1:50000"
	r.ContentLength = int64(len(text))
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token},
		"User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"},
	}
	return r
}

// mint makes a keyring in the state directory, and returns a token of its key
// for a principal.
func mint(t testing.TB, state, principal string) string {
	t.Helper()
	path := filepath.Join(state, "keyring.json")
	if _, err := keyring.Ensure(path); err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	now := time.Now()
	key, _ := keys.First(keyring.HS256, now)
	bearer, err := token.Mint(key, token.Claims{
		Subject: principal, Issuer: "odordiff", Audience: []string{"odordiff"}, Scopes: []string{"generate"},
		IssuedAt: now, Expiry: now.Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return bearer
}

// loggedToFiles makes the access logs of all sites files, so that the output of
// a test stays readable.
func loggedToFiles(config []directive) []directive {
	for i, d := range config {
		config[i].within = loggedToFiles(d.within)
		if d.line == "log" {
			config[i].opens = true
			config[i].within = append(config[i].within, directive{line: "output file {$ODORDIFF_STATE}/access.log"})
		}
	}
	return config
}

// answer is a response of which only the head is kept.
type answer struct {
	header http.Header
	status int
}

// Header returns the header.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write drops a part of the body.
func (a *answer) Write(part []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return len(part), nil
}

// Flush does nothing.
func (*answer) Flush() {}

// listen starts an upstream that allocates nothing for a request, so that what
// is counted in this process is the gateway's. It returns its address.
func listen(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerAll(conn)
		}
	}()
	return listener.Addr().String()
}

// answerAll answers each request of a connection alike, until it is closed.
func answerAll(conn net.Conn) {
	defer conn.Close()
	content := `{"molecules": [` + strings.Repeat(`{"smiles": "CC(=O)OCC1=CC=CC=C1"},`, 18) + `{}]}`
	response := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
		"Date: Mon, 30 Nov 2026 12:00:00 GMT\r\nContent-Length: " + strconv.Itoa(len(content)) + "\r\n\r\n" + content)
	in := bufio.NewReader(conn)
	for {
		length, chunked := 0, false
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
				break
			}
			if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
				length, _ = strconv.Atoi(string(value)) // The copy stays on the stack.
			}
			chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding"))
		}
		if chunked {
			return // No rung sends such a body.
		}
		if _, err := in.Discard(length); err != nil {
			return
		}
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}
