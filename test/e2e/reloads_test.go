package e2e

import (
	"context"
	"flag"
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
	"testing"
	"text/tabwriter"

	"github.com/odordiff/odordiff/internal/eventually"
)

var reloads = flag.Int("reloads", 5, "how often the configuration is loaded anew under load")

const (
	// streamed is how many reloads a stream of events lasts.
	streamed    = 3
	numberField = "Request-Number"
)

// TestReloadsUnderLoadDropNothing changes a limit, a policy, the keyring and a
// route at each reload, while clients of every version of HTTP send requests
// and read streams of events. It prints what became of them.
func TestReloadsUnderLoadDropNothing(t *testing.T) {
	e := layout(t)
	if err := os.MkdirAll(e.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.state, "keyring2.json"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	upstream := newReloadUpstream(t, e.upstream)
	e.startWith(t, reloadVariant(0)...)
	load := newReloadLoad(t, e)
	for n := range *reloads {
		e.loadVariant(t, n+1)
		upstream.next()
		load.goesOn(t)
	}
	load.stop(upstream)
	t.Logf("%d reloads\n%s", *reloads, load.table(upstream))
	for _, row := range load.rows {
		for number, err := range row.failed {
			reached := upstream.reached(number)
			if row.protocol == "HTTP/3.0" && !reached {
				continue // quic-go may forget a connection that it has just accepted
			}
			t.Errorf("%s %s %s: request %s, which reached the upstream: %t: %v", row.protocol, row.method, row.connections, number, reached, err)
		}
	}
}

// reloadVariant exchanges in the shipped Caddyfile what the nth reload changes.
func reloadVariant(n int) []string {
	return []string{
		"gate_connections #", "gate_connections {\nper_address 1000\n}\n#",
		"rate 300/1m", fmt.Sprintf("rate %d/1m", 1_000_000+n),
		"prompt /comment", fmt.Sprintf("prompt /title%d /comment", n),
		"keyring.json", []string{"keyring.json", "keyring2.json"}[n%2],
		"route /health* {", fmt.Sprintf("respond /route%d 204\nroute /health* {", n),
	}
}

// loadVariant loads the nth variant of the configuration.
func (e *edge) loadVariant(t *testing.T, n int) {
	t.Helper()
	e.configure(t, reloadVariant(n)...)
	config, err := os.Open(e.config)
	if err != nil {
		t.Fatal(err)
	}
	defer config.Close()
	resp, err := http.Post("http://"+e.admin+"/load", "text/caddyfile", config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != http.StatusOK {
		t.Fatalf("reload %d: status %d: %s", n, got.StatusCode, got.body)
	}
}

// reloadUpstream answers with the number of the request, or with an event for
// each reload and then the number.
type reloadUpstream struct {
	begun sync.Map // numbers of requests

	mu     sync.Mutex
	reload chan struct{} // closed at the next one
}

func newReloadUpstream(t *testing.T, address string) *reloadUpstream {
	t.Helper()
	u := &reloadUpstream{reload: make(chan struct{})}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(u)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return u
}

func (u *reloadUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := r.Header.Get(numberField)
	u.begun.Store(number, true)
	_, _ = io.Copy(io.Discard, r.Body)
	if r.Header.Get("Accept") == "text/event-stream" {
		w.Header().Set("Content-Type", "text/event-stream")
		for range streamed {
			reload := u.upcoming()
			_, _ = io.WriteString(w, "data: {}\n\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-reload:
			case <-r.Context().Done():
				return
			}
		}
	}
	_, _ = io.WriteString(w, number)
}

// next tells the streams that there was a reload.
func (u *reloadUpstream) next() {
	u.mu.Lock()
	defer u.mu.Unlock()
	close(u.reload)
	u.reload = make(chan struct{})
}

func (u *reloadUpstream) upcoming() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.reload
}

func (u *reloadUpstream) reached(number string) bool {
	_, reached := u.begun.Load(number)
	return reached
}

// reloadLoad is clients that send one request after another.
type reloadLoad struct {
	rows []*reloadRow
	end  context.CancelFunc
	done sync.WaitGroup
	sent atomic.Int64
}

// reloadRow is clients of one kind, and what became of their requests.
type reloadRow struct {
	protocol, method, connections string
	answered                      atomic.Int64

	mu     sync.Mutex
	failed map[string]error // by the number of the request
}

func newReloadLoad(t *testing.T, e *edge) *reloadLoad {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	l := &reloadLoad{end: end}
	token := e.token(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		for _, kind := range [][2]string{
			{"GET", "kept"}, {"GET", "new"}, {"POST", "kept"}, {"POST", "new"}, {"stream", "kept"},
		} {
			row := &reloadRow{protocol: protocol, method: kind[0], connections: kind[1], failed: map[string]error{}}
			l.rows = append(l.rows, row)
			for range 2 {
				client := e.speaking(t, protocol)
				l.done.Go(func() {
					for ctx.Err() == nil {
						row.send(client, e.url, token, fmt.Sprint(l.sent.Add(1)))
					}
				})
			}
		}
	}
	return l
}

// send sends a request and notes what became of it.
func (r *reloadRow) send(client *http.Client, url, token, number string) {
	if r.connections == "new" {
		defer client.CloseIdleConnections()
	}
	err := r.ask(client, url, token, number)
	if err == nil {
		r.answered.Add(1)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[number] = err
}

func (r *reloadRow) ask(client *http.Client, url, token, number string) error {
	method, path, body := http.MethodPost, generatePath, prompt
	if r.method == http.MethodGet {
		method, path, body = http.MethodGet, "/api/v1/jobs/1", ""
	}
	req, err := http.NewRequest(method, url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = bearer(token)
	req.Header.Set(numberField, number)
	if r.method == "stream" {
		req.Header.Set("Accept", "text/event-stream")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	got, err := read(resp)
	if err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK || got.Proto != r.protocol || !strings.HasSuffix(string(got.body), number) {
		return fmt.Errorf("%s, status %d: %q", got.Proto, got.StatusCode, got.body)
	}
	return nil
}

// goesOn waits until each kind of request has been answered once more. A stream
// lasts several reloads.
func (l *reloadLoad) goesOn(t *testing.T) {
	t.Helper()
	for _, row := range l.rows {
		if row.method == "stream" {
			continue
		}
		before := row.answered.Load()
		eventually.True(t, row.protocol+" "+row.method+" is answered", func() bool { return row.answered.Load() > before })
	}
}

// stop ends the clients, and the streams too.
func (l *reloadLoad) stop(upstream *reloadUpstream) {
	l.end()
	stopped := make(chan struct{})
	go func() {
		l.done.Wait()
		close(stopped)
	}()
	for {
		select {
		case <-stopped:
			return
		default:
			upstream.next()
		}
	}
}

func (l *reloadLoad) table(upstream *reloadUpstream) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "protocol\trequests\tconnections\tanswered\tfailed\tof them begun")
	for _, row := range l.rows {
		begun := 0
		for number := range row.failed {
			if upstream.reached(number) {
				begun++
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\n", row.protocol, row.method, row.connections, row.answered.Load(), len(row.failed), begun)
	}
	_ = table.Flush() // To a string it cannot fail.
	return text.String()
}

// TestStreamsGoOnAfterAReload holds how long: without an end for HTTP/1.1 and
// HTTP/2, and for HTTP/3 to the end of the grace period.
func TestStreamsGoOnAfterAReload(t *testing.T) {
	t.Parallel()
	e := layout(t)
	upstream := newReloadUpstream(t, e.upstream)
	e.startWith(t, "grace_period 30s", "grace_period 1s")
	token := e.token(t)
	results := map[string]chan error{}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		client := e.speaking(t, protocol)
		row := &reloadRow{protocol: protocol, method: "stream"}
		result := make(chan error, 1)
		results[protocol] = result
		go func() { result <- row.ask(client, e.url, token, protocol) }()
		eventually.True(t, "a stream of "+protocol, func() bool { return upstream.reached(protocol) })
	}
	e.edit(t, "gate_fallback {", "gate_fallback {\n\t\t\tretry_after 6s")
	e.reload(t)
	if err := <-results["HTTP/3.0"]; err == nil {
		t.Error("the stream of HTTP/3 has not been cut")
	}
	eventually.True(t, "the grace period is over", func() bool { return strings.Contains(e.out.String(), "server graceful shutdown 1s timeout") })
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		eventually.True(t, "the end of the stream of "+protocol, func() bool {
			upstream.next()
			select {
			case err := <-results[protocol]:
				if err != nil {
					t.Errorf("the stream of %s: %v", protocol, err)
				}
				return true
			default:
				return false
			}
		})
	}
}
