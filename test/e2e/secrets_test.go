package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/tracingtest"
)

// secrets are what a client might send, and a backend answer, and no log may
// hold.
const (
	secretValue = "s3cr3t-0f-4-client"
	replySecret = "s3cr3t-0f-4-b4ckend"
	clientIP    = "127.9.8.7" // from where the client connects
)

// secretFields are credentials under the names that people give them.
var secretFields = http.Header{
	"Authorization": {"Bearer " + secretValue}, "Cookie": {"session=" + secretValue}, "X-Api-Key": {secretValue},
	"Signature": {"sig1=:" + secretValue + ":"}, "Signature-Input": {`sig1=();keyid="` + secretValue + `"`},
	"X-Own-Token": {secretValue}, "Ocp-Apim-Subscription-Key": {secretValue}, "Proxy-Authorization": {"Basic " + secretValue},
	"Referer": {"https://elsewhere.example/?code=" + secretValue}, "X-Forwarded-For": {clientIP}, "Forwarded": {"for=" + clientIP},
	"X-Real-Ip": {clientIP},
}

const secretQuery = "?access_token=" + secretValue + "&token=" + secretValue + "&api_key=" + secretValue + "&key=" + secretValue +
	"&sig=" + secretValue + "&X-Amz-Signature=" + secretValue + "&" + secretValue

// leaky is an upstream whose answers hold secrets and break off.
func leaky(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "session="+replySecret)
			w.Header().Set("X-Backend-Token", replySecret)
			w.Header().Set("Location", "/next?ticket="+replySecret)
			if r.Header.Get("Test-Break") != "" {
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, "part of it")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, "{}")
		})}}
	server.Start()
	t.Cleanup(server.Close)
}

// from returns a client that connects from clientIP, to the site by its name,
// whatever the Host of the request is.
func (e *edge) from(t *testing.T, protocols ...string) *http.Client {
	t.Helper()
	trusting, err := e.trust()
	if err != nil {
		t.Fatal(err)
	}
	transport := trusting.Transport.(*http.Transport)
	transport.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientIP)}}).DialContext
	transport.TLSClientConfig.ServerName = "localhost"
	transport.ForceAttemptHTTP2 = len(protocols) == 0
	t.Cleanup(transport.CloseIdleConnections)
	return trusting
}

func TestNoLogAndNoSpanHoldsASecret(t *testing.T) {
	t.Parallel()
	e := layout(t)
	spans := tracingtest.Start(t)
	e.env = append(e.env, spans.Environment()...)
	e.env = append(e.env, "ODORDIFF_LOG_LEVEL=DEBUG")
	e.startWith(t, "\t\tgate_auth {\n\t\t\timport credentials {\n\t\t\t\trequire_scope generate\n\t\t\t}\n\t\t}\n", "",
		"\t\tgate_policy {", "\t\t@never path /never\n\t\tgate_policy @never {")
	leaky(t, e.upstream)
	var last string
	for _, client := range []*http.Client{e.from(t), e.from(t, "h1")} {
		for _, host := range []string{"", "elsewhere.example"} {
			for _, path := range []string{"/api/v1/molecules", "/health", "/elsewhere", "/api/v1/broken"} {
				req, err := http.NewRequest(http.MethodGet, "https://127.0.0.1:"+port(e.url)+path+secretQuery, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header = secretFields.Clone()
				req.Host = "localhost:" + port(e.url)
				if host != "" {
					req.Host = host
				}
				if strings.HasSuffix(path, "broken") {
					req.Header.Set("Test-Break", "yes")
				}
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = read(resp) // some break off
				if host == "" {
					last = resp.Header.Get("X-Request-Id")
				}
			}
		}
	}
	breakHandshake(t, port(e.url))
	requestSpan(t, spans, "odordiff-gateway", last)
	eventually.True(t, "the broken response and the broken handshake are logged", func() bool {
		log := e.out.String()
		return strings.Contains(log, "aborting with incomplete response") && strings.Contains(log, "TLS handshake error") &&
			strings.Contains(log, "elsewhere.example")
	})
	e.stop(t)
	for what, text := range map[string]string{"log": e.out.String(), "spans": spans.Everything()} {
		for _, never := range []string{secretValue, replySecret, clientIP} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, never) {
					t.Errorf("the %s: %s in %.2000s", what, never, line)
				}
			}
		}
	}
}

// breakHandshake connects from clientIP and speaks no TLS.
func breakHandshake(t *testing.T, port string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientIP)}}
	conn, err := dialer.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "this is not TLS\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = bufio.NewReader(conn).ReadByte()
}
