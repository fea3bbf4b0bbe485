package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

// record keeps what an upstream has received.
type record struct {
	mu   sync.Mutex
	seen []string
}

func (r *record) add(entry string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, entry)
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// startRaw serves each connection with the function, and waits for them all
// when the test ends.
func startRaw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener := listen(t, edgetest.FreeAddress(t))
	var open sync.WaitGroup
	t.Cleanup(open.Wait)
	t.Cleanup(func() { listener.Close() })
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	return listener.Addr().String()
}

// closesReused answers the first request of each connection, reads the second
// and closes.
func closesReused(got *record) func(net.Conn) {
	return func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		for first := true; ; first = false {
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			got.add(req.Method + " " + string(body))
			if !first {
				return
			}
			if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
				return
			}
		}
	}
}

func TestARequestThatMayHaveBeenCarriedOutIsSentOnce(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, key := range []string{"", "Idempotency-Key", "X-Idempotency-Key"} {
			for _, read := range []string{"", "test_read_body\n"} {
				for _, body := range []string{"", "the body"} {
					t.Run(fmt.Sprintf("%s %s %q %q", method, key, read, body), func(t *testing.T) {
						got := new(record)
						e := edgetest.Start(t, read+site(startRaw(t, closesReused(got)), "", ""))
						// makes the connection that is used again
						wantStatus(t, get(t, e), http.StatusOK)
						wantStatus(t, sendKeyed(t, e, method, key, body), http.StatusBadGateway)
						if want := []string{"GET ", method + " " + body}; !slices.Equal(got.all(), want) {
							t.Errorf("the upstream received %q, want %q", got.all(), want)
						}
					})
				}
			}
		}
	}
}

func TestASafeRequestIsSentAgainWhereAKeptConnectionCloses(t *testing.T) {
	got := new(record)
	e := edgetest.Start(t, site(startRaw(t, closesReused(got)), "", ""))
	wantStatus(t, get(t, e), http.StatusOK)
	wantStatus(t, sendKeyed(t, e, http.MethodGet, "Idempotency-Key", ""), http.StatusOK)
}

func TestTheIdempotencyKeyReachesTheUpstream(t *testing.T) {
	seen := make(chan http.Header, 1)
	address := upstream(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header })
	e := edge(t, address, "", "")
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		wantStatus(t, sendKeyed(t, e, http.MethodPost, key, "the body"), http.StatusOK)
		if header := <-seen; !slices.Equal(header.Values(key), []string{"once"}) {
			t.Errorf("%s: %q", key, header)
		}
	}
}

func TestHeadAndBodyLeaveInOneWrite(t *testing.T) {
	first := make(chan string, 1)
	address := startRaw(t, func(conn net.Conn) {
		buffer := make([]byte, 1<<16)
		n, _ := conn.Read(buffer)
		first <- string(buffer[:n])
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	e := edgetest.Start(t, "test_read_body\n"+site(address, "", ""))
	wantStatus(t, send(t, e, http.MethodPost, "the body"), http.StatusOK)
	if got := <-first; !strings.HasSuffix(got, "\r\n\r\nthe body") {
		t.Errorf("first read: %q", got)
	}
}

// refusesStreams speaks HTTP/2 in clear text and ends each stream as it is told
// to.
func refusesStreams(got *record, refuse func(*http2.Framer, uint32) error) func(net.Conn) {
	return func(conn net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		err := framer.WriteSettings()
		for err == nil {
			var frame http2.Frame
			if frame, err = framer.ReadFrame(); err != nil {
				return
			}
			switch f := frame.(type) {
			case *http2.SettingsFrame:
				if !f.IsAck() {
					err = framer.WriteSettingsAck()
				}
			case *http2.MetaHeadersFrame:
				got.add(f.PseudoValue("method"))
				err = refuse(framer, f.StreamID)
			}
		}
	}
}

func TestAStreamThatTheUpstreamGivesBackIsNotSentAgain(t *testing.T) {
	reset := func(code http2.ErrCode) func(*http2.Framer, uint32) error {
		return func(f *http2.Framer, stream uint32) error { return f.WriteRSTStream(stream, code) }
	}
	goAway := func(f *http2.Framer, _ uint32) error {
		return errors.Join(f.WriteGoAway(0, http2.ErrCodeNo, nil), io.EOF)
	}
	for name, refuse := range map[string]func(*http2.Framer, uint32) error{
		"refused": reset(http2.ErrCodeRefusedStream), "protocol error": reset(http2.ErrCodeProtocol), "going away": goAway,
	} {
		for _, body := range []string{"", "the body"} {
			for _, key := range []string{"", "Idempotency-Key"} {
				t.Run(fmt.Sprintf("%s %q %s", name, body, key), func(t *testing.T) {
					got := new(record)
					address := startRaw(t, refusesStreams(got, refuse))
					e := edgetest.Start(t, "test_read_body\n"+site(address, "", "versions h2c"))
					wantStatus(t, sendKeyed(t, e, http.MethodPost, key, body), http.StatusBadGateway)
					if want := []string{"POST"}; !slices.Equal(got.all(), want) {
						t.Errorf("the upstream received %q, want %q", got.all(), want)
					}
					hasFailures(t, e, address, 1)
				})
			}
		}
	}
}

// sendKeyed sends a request with a key in the named field, if any.
func sendKeyed(t *testing.T, e *edgetest.Edge, method, key, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set(key, "once")
	}
	res, err := e.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
