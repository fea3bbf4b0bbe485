package capacity_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	_ "github.com/odordiff/odordiff/caddymodule/capacity"
	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	_ "github.com/odordiff/odordiff/caddymodule/problem"
	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/slots"
)

// hold is an upstream whose answers wait until it is told to give them.
func hold(t *testing.T) (address string, arrived, answer chan struct{}) {
	t.Helper()
	arrived, answer = make(chan struct{}), make(chan struct{})
	over := make(chan struct{}) // the test, so that one that fails does not hang
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case arrived <- struct{}{}:
		case <-over:
		}
		select {
		case <-answer:
		case <-over:
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	return server.Listener.Addr().String(), arrived, answer
}

func site(options, upstream string) string {
	return "gate_capacity {\n" + options + "\n}\nreverse_proxy " + upstream + "\nhandle_errors {\ngate_problem\n}\n"
}

// from is a client with another address of loopback.
func from(t *testing.T, address string) *http.Client {
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

type result struct {
	status     int
	retryAfter string
	body       string
	err        error
}

func get(client *http.Client, url string) result {
	resp, err := client.Get(url)
	if err != nil {
		return result{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return result{resp.StatusCode, resp.Header.Get("Retry-After"), string(body), err}
}

func later(client *http.Client, url string) <-chan result {
	got := make(chan result, 1)
	go func() { got <- get(client, url) }()
	return got
}

func TestRequestsBeyondTheBoundAreRefusedAfterAWait(t *testing.T) {
	upstream, arrived, answer := hold(t)
	edge := edgetest.Start(t, site("per_address 1\ntotal 2\nwait 50ms", upstream))
	first := later(from(t, "127.0.0.1"), edge.URL)
	<-arrived

	one := get(from(t, "127.0.0.1"), edge.URL)
	if one.status != http.StatusTooManyRequests || !strings.Contains(one.body, `"open-requests"`) || one.retryAfter != "1" {
		t.Errorf("another of the same address: %+v", one)
	}
	second := later(from(t, "127.0.0.2"), edge.URL)
	<-arrived
	if third := get(from(t, "127.0.0.3"), edge.URL); third.status != http.StatusServiceUnavailable || !strings.Contains(third.body, "#overloaded") {
		t.Errorf("more than all: %+v", third)
	}
	close(answer)
	for name, got := range map[string]result{"the first": <-first, "another address": <-second} {
		if got.err != nil || got.status != http.StatusOK {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAWaitingRequestIsLetInWhenAnotherEndsAlsoAfterAReload(t *testing.T) {
	upstream, arrived, answer := hold(t)
	config := site("per_address 1\ntotal 1\nwait 20s", upstream)
	edge := edgetest.Start(t, config)
	first := later(from(t, "127.0.0.1"), edge.URL)
	<-arrived
	edge.Load("header X-Reloaded yes\n" + config)
	// It asks again where the reload took its connection.
	second := later(edge.Client, edge.URL)
	eventually.True(t, "the second waits for the first", func() bool {
		return use(t, "requests", slots.Bounds{Each: 1, All: 1, Waiting: 4}) == slots.Use{Held: 1, Waiting: 1}
	})
	answer <- struct{}{}
	<-arrived
	answer <- struct{}{}
	for name, got := range map[string]result{"first": <-first, "second": <-second} {
		if got.err != nil || got.status != http.StatusOK {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// wrapped adds gate_connections to the config.
func wrapped(t *testing.T, options string) func([]byte) []byte {
	return func(config []byte) []byte {
		var parsed map[string]any
		if err := json.Unmarshal(config, &parsed); err != nil {
			t.Fatal(err)
		}
		var wrapper map[string]any
		if err := json.Unmarshal([]byte(options), &wrapper); err != nil {
			t.Fatal(err)
		}
		wrapper["wrapper"] = "gate_connections"
		server := parsed["apps"].(map[string]any)["http"].(map[string]any)["servers"].(map[string]any)["srv0"].(map[string]any)
		wrappers := server["listener_wrappers"].([]any)
		server["listener_wrappers"] = append(wrappers, wrapper, map[string]any{"wrapper": "tls"})
		edited, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		return edited
	}
}

// bound starts a Caddy with gate_connections.
func bound(t *testing.T, options string) *edgetest.Edge {
	t.Helper()
	return edgetest.StartEdited(t, `respond "ok"`, wrapped(t, options))
}

func use(t *testing.T, kind string, bounds slots.Bounds) slots.Use {
	t.Helper()
	app, err := caddy.ActiveContext().App("gate")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := app.(*gate.App).Slots(kind, bounds)
	if err != nil {
		t.Fatal(err)
	}
	return shared.Use()
}

// connect opens a connection and asks for something on it. It returns nil where
// the gateway closed it at once.
func connect(t *testing.T, edge *edgetest.Edge, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(edge.URL, "http://"))
	if errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// It may be closed by now.
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		return conn
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the gateway neither answers nor closes the connection")
	}
	return nil
}

func TestConnectionsBeyondTheBoundAreClosed(t *testing.T) {
	edge := bound(t, `{"per_address": 2, "total": 3}`)
	first, second := connect(t, edge, "127.0.0.1"), connect(t, edge, "127.0.0.1")
	if first == nil || second == nil {
		t.Fatal("connections within the bound are closed")
	}
	if connect(t, edge, "127.0.0.1") != nil {
		t.Error("an address has more connections than it may have")
	}
	if connect(t, edge, "127.0.0.2") == nil {
		t.Error("another address pays for it")
	}
	if connect(t, edge, "127.0.0.3") != nil {
		t.Error("there are more connections than there may be in all")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "a closed connection makes room", func() bool { return connect(t, edge, "127.0.0.1") != nil })
}

func TestTheDefaultsLetARequestIn(t *testing.T) {
	edge := edgetest.StartEdited(t, "gate_capacity\nrespond ok", wrapped(t, "{}"))
	if got := get(from(t, "127.0.0.1"), edge.URL); got.status != http.StatusOK || got.body != "ok" {
		t.Errorf("%+v", got)
	}
}

func TestConnectionsOfExceptedAddressesAreNotCounted(t *testing.T) {
	edge := bound(t, `{"per_address": 1, "total": 1, "except": ["127.0.0.2"]}`)
	for range 3 {
		if connect(t, edge, "127.0.0.2") == nil {
			t.Fatal("an excepted address is bounded")
		}
	}
	if connect(t, edge, "127.0.0.1") == nil {
		t.Error("excepted connections are counted")
	}
}

func TestOpenConnectionsAreCountedOverAReload(t *testing.T) {
	const options = `{"per_address": 1, "total": 5}`
	bounds := slots.Bounds{Each: 1, All: 5}
	upstream, arrived, answer := hold(t)
	edge := edgetest.StartEdited(t, "reverse_proxy "+upstream, wrapped(t, options))
	held := later(from(t, "127.0.0.1"), edge.URL)
	<-arrived
	edge.LoadEdited(`respond "ok"`, wrapped(t, options))
	if got := use(t, "connections", bounds); got.Held != 1 {
		t.Errorf("after the reload %+v, want the open connection counted", got)
	}
	if connect(t, edge, "127.0.0.1") != nil {
		t.Error("the reload forgot the connection that is open")
	}
	close(answer)
	if got := <-held; got.status != http.StatusOK {
		t.Errorf("the request that was open: %+v", got)
	}
}
