package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

// upgradingEdge starts a Caddy that lets clients change to the protocol.
func upgradingEdge(t *testing.T, address, protocol string) *edgetest.Edge {
	t.Helper()
	return edgetest.StartEdited(t, site(address, "trip_after 100", ""), func(config []byte) []byte {
		return bytes.Replace(config, []byte(`"apps":{`), []byte(`"apps":{"gate":{"upgrade":["`+protocol+`"]},`), 1)
	})
}

// ask sends the head of a request and returns the answer's.
func ask(t *testing.T, e *edgetest.Edge, fields string) *http.Response {
	t.Helper()
	res, _ := exchange(t, e, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"+fields+"\r\n")
	res.Body.Close()
	return res
}

// exchange sends bytes, and returns the answer and what reads on from its
// connection.
func exchange(t *testing.T, e *edgetest.Edge, request string) (*http.Response, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, request)
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	return res, reader
}

func TestATransportAloneRefusesToChangeProtocols(t *testing.T) {
	address := upstream(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the upstream got %v", r.Header) })
	e := edge(t, address, "trip_after 1", "")
	res := ask(t, e, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")
	wantStatus(t, res.StatusCode, http.StatusForbidden)
	hasFailures(t, e, address, 0)
}

func TestAnUpstreamThatChangesToAnotherProtocolFails(t *testing.T) {
	address := startRaw(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	})
	e := upgradingEdge(t, address, "websocket")
	res := ask(t, e, "Connection: Upgrade\r\nUpgrade: websocket\r\n")
	wantStatus(t, res.StatusCode, http.StatusBadGateway)
	hasFailures(t, e, address, 1)
}
