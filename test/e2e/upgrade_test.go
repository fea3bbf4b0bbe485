package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// handedOver is a Caddyfile for a gateway that is passed its listener.
const handedOver = `{
	admin unix/{$ADMIN}
	persist_config off
	auto_https off
	grace_period 30s
}
http:// {
	bind fd/3
	header Served-By {$NAME}
	gate_problem
	reverse_proxy {$UPSTREAM} {
		transport gate
	}
}
`

// Both processes take connections from the one queue of the one socket, so none
// is left behind with the old process.
func TestABinaryIsReplacedUnderTrafficAndNothingIsLost(t *testing.T) {
	release := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			<-release
		}
		_, _ = io.WriteString(w, "done")
	}))
	defer upstream.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	url := "http://" + listener.Addr().String()

	old, oldManager := gatewayOn(t, listener, upstream.URL, "old")
	clients := newLoad(t, url)
	clients.wants(t, "old", 50)
	held := make(chan error, 1)
	go func() { held <- clients.ask(http.DefaultClient, url+"/held") }()

	_, _ = gatewayOn(t, listener, upstream.URL, "new")
	clients.wants(t, "new", 50)
	old.signal(syscall.SIGTERM)
	oldManager.wants(t, "STOPPING=1")
	close(release)
	<-old.done
	if err := <-held; err != nil {
		t.Errorf("the request that the old process had begun: %v", err)
	}
	clients.wants(t, "new", 100)
	sent, failed := clients.stop()
	if len(failed) > 0 {
		t.Errorf("of %d requests %d failed: %v", sent, len(failed), failed)
	}
}

// gatewayOn starts a gateway with the listener, and waits until it is ready.
func gatewayOn(t *testing.T, listener net.Listener, upstream, name string) (*process, manager) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte(handedOver), 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	m := newManager(t)
	p := startWith(t, []*os.File{socket}, []string{
		"NOTIFY_SOCKET=" + m.path, "ADMIN=" + filepath.Join(filepath.Dir(m.path), "admin"),
		"NAME=" + name, "UPSTREAM=" + upstream,
	}, "run", "--config", file)
	m.wants(t, "READY=1")
	return p, m
}

// load is clients that ask one request after another, each on a connection of
// its own.
type load struct {
	end  context.CancelFunc
	done sync.WaitGroup
	sent atomic.Int64

	mu     sync.Mutex
	failed []error
	served map[string]int
}

func newLoad(t *testing.T, url string) *load {
	l := &load{served: map[string]int{}}
	ctx, end := context.WithCancel(t.Context())
	l.end = end
	t.Cleanup(func() { l.stop() })
	for range 8 {
		l.done.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
			for ctx.Err() == nil {
				if err := l.ask(client, url); err != nil {
					l.mu.Lock()
					l.failed = append(l.failed, err)
					l.mu.Unlock()
				}
			}
		})
	}
	return l
}

func (l *load) ask(client *http.Client, url string) error {
	l.sent.Add(1)
	response, err := client.Post(url, "text/plain", strings.NewReader("a question"))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || string(body) != "done" {
		return fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served[response.Header.Get("Served-By")]++
	return nil
}

// wants waits until the process of that name has answered so many more.
func (l *load) wants(t *testing.T, name string, more int) {
	t.Helper()
	answered := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.served[name]
	}
	before := answered()
	eventually(t, name+" answers", func() bool { return answered() >= before+more })
}

// stop ends the clients, and returns how much was sent and what failed.
func (l *load) stop() (sent int64, failed []error) {
	l.end()
	l.done.Wait()
	return l.sent.Load(), l.failed
}
