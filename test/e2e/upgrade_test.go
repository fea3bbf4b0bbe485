package e2e

import (
	"context"
	"errors"
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

	"github.com/odordiff/odordiff/internal/eventually"
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
// is left behind with the old process. What it has begun it answers. Go's HTTP
// server closes a connection whose first request it has just read when it is
// told to stop: such a request has reached nobody, and may be sent again.
func TestABinaryIsReplacedUnderTrafficAndNothingBegunIsLost(t *testing.T) {
	release := make(chan struct{})
	var begun sync.Map
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun.Store(r.URL.Query().Get("request"), true)
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
	go func() { held <- clients.ask(http.DefaultClient, url+"/held", "held") }()

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
	for request, err := range clients.stop() {
		if _, reached := begun.Load(request); reached || !errors.Is(err, io.EOF) {
			t.Errorf("request %s, which reached the upstream: %t, failed: %v", request, reached, err)
		}
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
	failed map[string]error // by request
	served map[string]int   // by the name of who answered
}

func newLoad(t *testing.T, url string) *load {
	l := &load{failed: map[string]error{}, served: map[string]int{}}
	ctx, end := context.WithCancel(t.Context())
	l.end = end
	t.Cleanup(func() { l.stop() })
	for range 8 {
		l.done.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
			for ctx.Err() == nil {
				request := fmt.Sprint(l.sent.Add(1))
				if err := l.ask(client, url, request); err != nil {
					l.mu.Lock()
					l.failed[request] = err
					l.mu.Unlock()
				}
			}
		})
	}
	return l
}

func (l *load) ask(client *http.Client, url, request string) error {
	response, err := client.Post(url+"?request="+request, "text/plain", strings.NewReader("a question"))
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
	eventually.True(t, name+" answers", func() bool { return answered() >= before+more })
}

// stop ends the clients and returns the requests that failed.
func (l *load) stop() map[string]error {
	l.end()
	l.done.Wait()
	return l.failed
}
