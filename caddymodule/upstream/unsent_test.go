package upstream

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/breaker"
)

func TestWhatCannotBeSentSaysNothingAboutTheUpstream(t *testing.T) {
	for name, test := range map[string]struct {
		option string // of reverse_proxy
		query  string
	}{
		"a field's value": {"header_up X-Model {query.model}", "model=a%0d%0aGate-Principal:%20admin"},
		"a field's name":  {"header_up {query.name} x", "name=a%20b"},
		"a NUL":           {"header_up X-Model {query.model}", "model=%00"},
		"the host":        {"header_up Host {query.host}", "host=xn--%C3%BC"},
		"the method":      {"method {query.method}", "method=GE%20T"},
	} {
		t.Run(name, func(t *testing.T) {
			address := upstream(t, answering(http.StatusOK))
			e := edge(t, address, "trip_after 1", "", test.option)
			for range 3 {
				res, err := e.Client.Get(e.URL + "/?" + test.query)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				wantStatus(t, res.StatusCode, http.StatusBadRequest)
			}
			hasFailures(t, e, address, 0)
		})
	}
}

func TestARewriteCannotMakeAnImpossibleURL(t *testing.T) {
	for _, rewrite := range []string{"/models/{query.model}", "/?model={query.model}", "{query.model}", "?{query.model}"} {
		t.Run(rewrite, func(t *testing.T) {
			address := upstream(t, answering(http.StatusOK))
			e := edge(t, address, "trip_after 1", "", "rewrite "+rewrite)
			for range 3 {
				res, err := e.Client.Get(e.URL + "/?model=a%0ab%00%20c")
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode >= http.StatusInternalServerError {
					t.Errorf("status %d", res.StatusCode)
				}
			}
			hasFailures(t, e, address, 0)
		})
	}
}

func TestAHalfOpenBreakerKeepsItsPlaceWhereNothingIsSent(t *testing.T) {
	address := upstream(t, answering(http.StatusOK))
	e := edge(t, address, "trip_after 1\nopen_for 1ms", "", "header_up X-Model {query.model}")
	wantStatus(t, get(t, e), http.StatusOK)
	openToProbe(t, e, address)
	res, err := e.Client.Get(e.URL + "/?model=%0a")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	wantStatus(t, res.StatusCode, http.StatusBadRequest)
	wantStatus(t, get(t, e), http.StatusOK) // the probe
	isState(t, e, address, breaker.Closed)
}

func TestAHeaderThatAnHTTP2UpstreamDoesNotTakeIsNotItsFailure(t *testing.T) {
	address := startRaw(t, func(conn net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		if framer.WriteSettings(http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: 1000}) != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			// before the client has read our settings
			if headers, ok := frame.(*http2.HeadersFrame); ok {
				if framer.WriteRSTStream(headers.StreamID, http2.ErrCodeEnhanceYourCalm) != nil {
					return
				}
			}
		}
	})
	e := edge(t, address, "trip_after 100", "versions h2c")
	wantStatus(t, get(t, e), http.StatusBadGateway) // makes the connection
	hasFailures(t, e, address, 1)
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Long", strings.Repeat("x", 2000))
		res, err := e.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		wantStatus(t, res.StatusCode, http.StatusBadGateway)
	}
	hasFailures(t, e, address, 1)
}

func TestWhatHappensOnTheWireIsTheUpstreamsFailure(t *testing.T) {
	reset := startRaw(t, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
	notTLS := startRaw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	for name, test := range map[string]struct{ address, transport string }{
		"a refused connection":  {edgetest.FreeAddress(t), ""},
		"a name that is no one": {"nobody.invalid:80", ""},
		"a reset":               {reset, ""},
		"no TLS":                {notTLS, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			e := edge(t, test.address, "trip_after 100", test.transport)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				wantStatus(t, send(t, e, method, ""), http.StatusBadGateway)
			}
			hasFailures(t, e, test.address, 2)
		})
	}
	t.Run("a certificate of somebody else", func(t *testing.T) {
		listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return nil, fmt.Errorf("none")
		}})
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: answering(http.StatusOK), ErrorLog: nil}
		go server.Serve(listener)
		defer server.Close()
		address := listener.Addr().String()
		e := edge(t, address, "trip_after 100", "tls")
		wantStatus(t, get(t, e), http.StatusBadGateway)
		hasFailures(t, e, address, 1)
	})
}
