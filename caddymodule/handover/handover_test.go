package handover

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

// handingOver puts the wrapper and the network into a config.
func handingOver(config []byte) []byte {
	return []byte(strings.NewReplacer(
		`"listen":["`, `"listen":["gate/`,
		`"listener_wrappers":[`, `"listener_wrappers":[{"wrapper":"gate_handover"},`,
	).Replace(string(config)))
}

func TestAConnectionIsKeptOverReloads(t *testing.T) {
	edge := edgetest.StartEdited(t, "respond 0", handingOver)
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for config, answer := range []string{"0", "1", "2"} {
		if config > 0 {
			edge.LoadEdited("respond "+answer, handingOver)
		}
		var connection httptrace.GotConnInfo
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { connection = info },
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, edge.URL, strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != answer || connection.Reused != (config > 0) {
			t.Errorf("config %d answers %q, %v, on a kept connection: %t", config, body, err, connection.Reused)
		}
	}
}

func TestAPlainConnectionDoesNotGoToAServerWithTLS(t *testing.T) {
	withHTTPPort := func(port string) func([]byte) []byte {
		return func(config []byte) []byte {
			return []byte(strings.NewReplacer(
				`"http":{`, `"http":{"http_port":`+port+`,`,
				`"listener_wrappers":[`, `"tls_connection_policies":[{}],"listener_wrappers":[`,
			).Replace(string(handingOver(config))))
		}
	}
	edge := edgetest.StartEdited(t, "respond plain", func(config []byte) []byte {
		_, port, _ := strings.Cut(strings.SplitAfter(string(config), `"listen":["`)[1], ":")
		port, _, _ = strings.Cut(port, `"`)
		return withHTTPPort(port)(config)
	})
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	status := func() int {
		t.Helper()
		resp, err := client.Get(edge.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // The connection is kept.
		return resp.StatusCode
	}
	if got := status(); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	edge.LoadEdited("respond secure", withHTTPPort("1"))
	if got := status(); got != http.StatusBadRequest {
		t.Errorf("status %d from a server with TLS", got)
	}
}

func TestAServerThatDemandsCertificatesTakesOverNothing(t *testing.T) {
	var inner net.Listener = new(net.TCPListener)
	policy := &caddytls.ConnectionPolicy{ClientAuthentication: new(caddytls.ClientAuthentication)}
	w := Wrapper{server: &caddyhttp.Server{TLSConnPolicies: caddytls.ConnectionPolicies{new(caddytls.ConnectionPolicy), policy}}}
	if got := w.WrapListener(inner); got != inner {
		t.Errorf("a listener of %T", got)
	}
}

func TestTheWrapperIsForHTTPServers(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	err := new(Wrapper).Provision(ctx)
	if err == nil || !strings.Contains(err.Error(), "listener_wrappers of an HTTP server") {
		t.Error(err)
	}
}

func TestTheNetworkTellsWhyItCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, err := caddy.ParseNetworkAddress("gate/" + taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := address.Listen(t.Context(), 0, net.ListenConfig{}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Error(err)
	}
}
