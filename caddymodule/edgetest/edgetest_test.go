package edgetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestWhoConnectsAfterAReloadReachesTheNewSite(t *testing.T) {
	e := Start(t, "respond started")
	for n := range 30 {
		want := fmt.Sprint("load ", n)
		e.Load(fmt.Sprintf("respond %q", want))
		for range 4 { // Old and new listener would share them.
			if got := ask(t, e); got != want {
				t.Fatalf("the answer is %q, want %q", got, want)
			}
		}
	}
}

// ask sends a request over a connection of its own, once.
func ask(t *testing.T, e *Edge) string {
	t.Helper()
	conn, err := net.Dial("tcp", e.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", e.address); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
