package proxy

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

// allowUpgrade loads the site with protocols that clients may change to.
func allowUpgrade(e *edgetest.Edge, site, protocol string) {
	e.LoadEdited(site, func(config []byte) []byte {
		return bytes.Replace(config, []byte(`"apps":{`), []byte(`"apps":{"gate":{"upgrade":["`+protocol+`"]},`), 1)
	})
}

// ask sends the head of a request and returns the answer's.
func ask(t *testing.T, e *edgetest.Edge, fields string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"+fields+"\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
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
	e := edge(t, address, "trip_after 100", "")
	allowUpgrade(e, site(address, "trip_after 100", ""), "websocket")
	res := ask(t, e, "Connection: Upgrade\r\nUpgrade: websocket\r\n")
	wantStatus(t, res.StatusCode, http.StatusBadGateway)
	hasFailures(t, e, address, 1)
}
