package redisconn

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// pair returns both ends of a connection.
func pair(t *testing.T, p *patience) (client *conn, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	opened, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = opened.Close(), server.Close() })
	return &conn{Conn: opened, patience: p, greeting: time.Hour}, server
}

func TestAnAnswerThatIsThereIsTakenThoughTheDeadlineIsOver(t *testing.T) {
	client, server := pair(t, nil)
	if _, err := server.Write([]byte("+PONG\r\n")); err != nil {
		t.Fatal(err)
	}
	// The process was too busy to read before its deadline.
	answer := make([]byte, 64)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if err := client.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := client.Read(answer)
		if err == nil && string(answer[:n]) == "+PONG\r\n" {
			return
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read %q, %v", answer[:n], err)
		}
	}
	t.Error("the answer was never taken")
}

func TestASilentServerIsGivenItsUsualTimeAndNotTheWholeDeadline(t *testing.T) {
	p := &patience{most: time.Hour}
	client, server := pair(t, p)
	ask := func() error {
		if _, err := client.Write([]byte("PING\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := client.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		_, err := client.Read(make([]byte, 64))
		return err
	}
	go func() { _, _ = server.Write([]byte("+PONG\r\n")) }()
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	// An hour would be over long after the test.
	if err := ask(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want that the server is silent", err)
	}
}

func TestPatienceFollowsHowLongAnswersTake(t *testing.T) {
	const most = 60 * time.Millisecond
	p := &patience{most: most}
	repeat := func(took time.Duration) {
		for range 100 {
			p.learn(took)
		}
	}
	repeat(200 * time.Microsecond)
	if got := p.now(); got < hiccup || got > hiccup+time.Millisecond {
		t.Errorf("with answers in 0.2 ms: %v", got)
	}
	p.learn(25 * time.Millisecond)
	if got := p.now(); got < 25*time.Millisecond {
		t.Errorf("one answer after 25 ms: %v would be too short for another", got)
	}
	repeat(25 * time.Millisecond)
	if got := p.now(); got < 25*time.Millisecond+hiccup-time.Millisecond || got >= most {
		t.Errorf("with answers in 25 ms: %v", got)
	}
	repeat(time.Second)
	if got := p.now(); got != most {
		t.Errorf("with answers in a second: %v, want the most", got)
	}
}
