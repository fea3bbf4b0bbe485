package handover

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func FuzzTheEndOfAHeadIsWhereTheServerSeesIt(f *testing.F) {
	for _, request := range []string{
		get, post, "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\n\nGET",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n",
	} {
		f.Add([]byte(request))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReader(bytes.NewReader(text))
		if _, err := http.ReadRequest(r); err != nil {
			return // no handler begins
		}
		behind, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := endOfHead(text), len(text)-len(behind); got != want {
			t.Errorf("the head ends at %d, and for the server at %d: %q", got, want, text)
		}
	})
}

// A server gives the first request of a connection less time than any other,
// and takes a connection from elsewhere for a new one.
func TestAConnectionFromElsewhereMayBeIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timeouts := Timeouts{Header: time.Second, Idle: time.Minute}
		client, theirs := net.Pipe()
		old := &conn{Conn: theirs, server: &Listener{timeouts: timeouts}, kept: true}
		next := old.next().(*conn)
		next.given(&Listener{timeouts: timeouts})
		begun := time.Now()
		if err := next.SetReadDeadline(begun.Add(timeouts.Header)); err != nil {
			t.Fatal(err)
		}
		_, err := next.Read(make([]byte, 10))
		if err == nil || time.Since(begun) != timeouts.Idle {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		next = old.next().(*conn)
		next.given(&Listener{timeouts: timeouts})
		_ = theirs.SetReadDeadline(time.Time{})
		go func() { _, _ = client.Write([]byte("G")) }()
		begun = time.Now()
		n, err := next.Read(make([]byte, 10))
		if n != 1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		_, err = next.Read(make([]byte, 10))
		if err == nil || time.Since(begun) != timeouts.Header {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}
