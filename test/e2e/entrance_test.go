package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c" //nolint:staticcheck // net/http's own has no upgrade to h2c
)

// startH2C puts a server in the backend's place that changes to h2c when it is
// asked to, and returns the number of requests it gets.
func (e *edge) startH2C(t *testing.T) *atomic.Int32 {
	t.Helper()
	listener, err := net.Listen("tcp", e.upstream)
	if err != nil {
		t.Fatal(err)
	}
	asked := new(atomic.Int32)
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	server := httptest.NewUnstartedServer(h2c.NewHandler(handler, new(http2.Server))) //nolint:staticcheck // as above
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return asked
}

func TestNobodyTunnelsThroughTheChain(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	asked := e.startH2C(t)
	token := e.token(t)
	for name, fields := range map[string]string{
		"h2c":       "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
		"websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := e.ask(t, "GET /api/v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n"+fields+"\r\n")
			got.wantProblem(t, http.StatusForbidden, "upgrade-refused")
		})
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the backend got %d requests", n)
	}
}

// ask sends bytes over HTTP/1.1 and reads one answer.
func (e *edge) ask(t *testing.T, request string) answer {
	t.Helper()
	config := e.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(e.url, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		t.Fatalf("it is a tunnel: %v", resp.Header)
	}
	got, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAClientTakesNothingOutOfWhatTheBackendGets(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	seen := e.startEcho(t)
	e.ask(t, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nX-Hop: for the gateway\r\nConnection: Gate-Principal, X-Hop\r\n\r\n%s", generatePath, e.token(t), len(prompt), prompt)).wantOK(t)
	if got := (<-seen).Header; got.Get("Gate-Principal") == "" || got.Get("X-Hop") != "" {
		t.Errorf("the backend got %v", got)
	}
}

// early is an HTTP/3 client that resumes its session, and sends in early data
// if it may.
type early struct {
	config *tls.Config
	addr   string
}

func (e *edge) early(t *testing.T) *early {
	t.Helper()
	config := e.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "localhost"
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	config.NextProtos = []string{http3.NextProtoH3}
	return &early{config: config, addr: "127.0.0.1:" + port(e.url)}
}

// send sends a request without a body, and reports whether it left as early
// data.
func (c *early) send(t *testing.T, req *http.Request) (got answer, asEarlyData bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := quic.DialAddrEarly(ctx, c.addr, c.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	transport := new(http3.Transport)
	stream, err := transport.NewClientConn(conn).OpenRequestStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendRequestHeader(req); err != nil {
		t.Fatal(err)
	}
	stream.Close()
	resp, err := stream.ReadResponse()
	if err != nil {
		t.Fatal(err)
	}
	if got, err = read(resp); err != nil {
		t.Fatal(err)
	}
	return got, conn.ConnectionState().Used0RTT
}

func TestEarlyDataIsOff(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	client := e.early(t)
	for range 2 {
		got, asEarlyData := client.send(t, e.request(t, http.MethodGet, "/health/live"))
		got.wantOK(t)
		if asEarlyData {
			t.Error("early data was accepted")
		}
	}
}

func TestWhereEarlyDataIsOnItMayOnlyAskToLook(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "0rtt off", "# 0rtt")
	seen := e.startEcho(t)
	client := e.early(t)
	client.send(t, e.request(t, http.MethodGet, "/health/live")) // gets the ticket
	post := e.request(t, http.MethodPost, generatePath)
	post.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + e.token(t)}}
	got, asEarlyData := client.send(t, post)
	if !asEarlyData {
		t.Fatal("the request did not leave as early data")
	}
	got.wantProblem(t, http.StatusTooEarly, "too-early")
	if len(seen) > 0 {
		t.Error("the backend got the request")
	}
	if got, asEarlyData = client.send(t, e.request(t, http.MethodGet, "/health/live")); !asEarlyData || got.StatusCode != http.StatusOK {
		t.Errorf("GET as early data (%v): status %d", asEarlyData, got.StatusCode)
	}
}

func (e *edge) request(t *testing.T, method, path string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestLineBreaksOfAClientShutNobodyOut(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "transport gate {", "header_up X-Model {query.model}\n\t\t\ttransport gate {")
	seen := e.startEcho(t)
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + e.token(t)}}
	for range 6 {
		e.send(t, http.MethodPost, generatePath+"?model=a%0d%0aGate-Principal:%20root", header, prompt).
			wantProblem(t, http.StatusBadRequest, "unsendable-request")
	}
	e.send(t, http.MethodPost, generatePath+"?model=rose", header, prompt).wantOK(t)
	if got := (<-seen).Header.Values("X-Model"); !slices.Equal(got, []string{"rose"}) {
		t.Errorf("X-Model = %q", got)
	}
}

const forgeable = "a client behind the trusted proxies may choose its own address"

func TestAClientBehindABalancerDoesNotChooseItsAddress(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "max_header_size", "trusted_proxies static 127.0.0.0/8\n\t\ttrusted_proxies_strict\n\t\tmax_header_size",
		"rate 600/1m", "rate 2/1m")
	if strings.Contains(e.out.String(), forgeable) {
		t.Error("it warns although trusted_proxies_strict is there")
	}
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		// The client begins the field, the balancer appends what it has seen.
		header := http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d, 198.51.100.7", i)}}
		if got := e.send(t, http.MethodGet, "/health/live", header, ""); got.StatusCode != want {
			t.Errorf("request %d: status %d, want %d", i, got.StatusCode, want)
		}
	}
}

func TestTheGatewayWarnsWhereClientsMayChooseTheirAddress(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "max_header_size", "trusted_proxies static 127.0.0.0/8\n\t\tmax_header_size")
	if !strings.Contains(e.out.String(), forgeable) {
		t.Error("no warning")
	}
}
