package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// requests sends a request that begins with a POST, and reads the first
// response.
func requests(t *testing.T, e *edge, rest string) (*tls.Conn, *http.Response, *bufio.Reader) {
	t.Helper()
	client, err := e.trust()
	if err != nil {
		t.Fatal(err)
	}
	config := client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", "localhost:"+port(e.url), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// read_body is an hour in these tests: nothing that waits for it gets this
	// far.
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: application/json\r\n%s\r\n", generatePath, port(e.url), rest); err != nil {
		t.Fatal(err)
	}
	responses := bufio.NewReader(conn)
	resp, err := http.ReadResponse(responses, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, resp, responses
}

func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "read_body 30s", "read_body 1h")
	for name, c := range map[string]struct {
		head   string
		status int
		kind   string
	}{
		"too large":                  {"Content-Length: 200000\r\n", 413, "body-too-large"},
		"too large, expecting":       {"Content-Length: 200000\r\nExpect: 100-continue\r\n", 413, "body-too-large"},
		"far too large":              {"Content-Length: 20000000\r\n", 413, "body-too-large"},
		"no credential":              {"Content-Length: 100\r\n", 401, "credential-missing"},
		"no credential, expecting":   {"Content-Length: 100\r\nExpect: 100-continue\r\n", 401, "credential-missing"},
		"no credential, in chunks":   {"Transfer-Encoding: chunked\r\n", 401, "credential-missing"},
		"no credential, nor a close": {"Content-Length: 100\r\nConnection: close\r\n", 401, "credential-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, resp, _ := requests(t, e, c.head)
			got, err := read(resp)
			if err != nil {
				t.Fatal(err)
			}
			got.wantProblem(t, c.status, c.kind)
			if !resp.Close {
				t.Error("there is no Connection: close")
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection is kept for a body that does not come: %v", err)
			}
		})
	}
}

func TestARefusedClientThatSendsItsBodyKeepsItsConnection(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	head := fmt.Sprintf("Content-Length: 5\r\n\r\n12345GET /health/live HTTP/1.1\r\nHost: localhost:%s\r\n", port(e.url))
	_, resp, next := requests(t, e, head)
	refused, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	refused.wantProblem(t, http.StatusUnauthorized, "credential-missing")
	following, err := http.ReadResponse(next, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(following)
	if err != nil {
		t.Fatal(err)
	}
	got.wantOK(t)
}

// silent is a body that does not come before the request is answered.
type silent struct{ answered chan struct{} }

func (s silent) Read([]byte) (int, error) {
	<-s.answered
	return 0, fmt.Errorf("nobody wants it any more")
}

func TestOverHTTP2ARefusalDoesNotWaitForTheBodyEither(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "read_body 30s", "read_body 1h")
	for _, expect := range []string{"", "100-continue"} {
		body := silent{make(chan struct{})}
		req, err := http.NewRequest(http.MethodPost, e.url+generatePath, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 200000
		if expect != "" {
			req.Header.Set("Expect", expect)
		}
		resp, err := e.client.Do(req)
		close(body.answered)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(resp)
		if err != nil {
			t.Fatal(err)
		}
		if got.ProtoMajor != 2 {
			t.Fatalf("answered over %s", got.Proto)
		}
		got.wantProblem(t, http.StatusRequestEntityTooLarge, "body-too-large")
	}
}
