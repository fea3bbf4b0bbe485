package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
)

const (
	gateways = 3
	// clients ask each gateway, one request after another.
	clients = 4
	// pause is between a client's requests.
	pause = 10 * time.Millisecond
	// rate and window are those of the limit that all gateways share, over keys.
	rate   = 60
	window = 3 * time.Second
	keys   = 3
)

// caddyfile has one limit. Who asks names the key.
const caddyfile = `{
	admin 127.0.0.1:%s
	persist_config off
	auto_https off
	gate {
		redis %s
	}
}
http://127.0.0.1:%s {
	route {
		gate_limit {
			limit shared {
				key {http.request.header.X-Key}
				rate %d/%s
				%s
			}
		}
		respond ok
	}
}
`

// world is some gateways that share a Redis, and their clients.
type world struct {
	t        *testing.T
	binary   string
	gateways []*gateway
	began    time.Time

	mu       sync.Mutex
	admitted []admission
}

// gateway is a process, which may be killed and started again.
type gateway struct {
	address, admin, config string
	process                *exec.Cmd
	log                    *os.File
}

// newWorld starts gateways that share the Redis at the URL, and whose limit has
// the option.
func newWorld(t *testing.T, binary, url, option string) *world {
	t.Helper()
	w := &world{t: t, binary: binary, began: time.Now()}
	for range gateways {
		dir, port, admin := t.TempDir(), freeport.Get(t), freeport.Get(t)
		g := &gateway{address: "http://127.0.0.1:" + port, admin: "http://127.0.0.1:" + admin, config: filepath.Join(dir, "Caddyfile")}
		text := fmt.Appendf(nil, caddyfile, admin, url, port, rate, window, option)
		if err := os.WriteFile(g.config, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if g.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
			t.Fatal(err)
		}
		w.gateways = append(w.gateways, g)
		t.Cleanup(func() {
			g.kill()
			if text, _ := os.ReadFile(g.log.Name()); t.Failed() {
				t.Logf("a gateway printed:\n%s", text[max(0, len(text)-3000):])
			}
			_ = g.log.Close()
		})
		w.start(g)
	}
	w.awaitRedis()
	return w
}

// start starts the gateway's process, and returns when it answers.
func (w *world) start(g *gateway) {
	w.t.Helper()
	g.process = exec.Command(w.binary, "run", "--config", g.config)
	g.process.Stdout, g.process.Stderr = g.log, g.log
	if err := g.process.Start(); err != nil {
		w.t.Fatal(err)
	}
	eventually.True(w.t, "the gateway answers", func() bool { _, err := ask(w.t.Context(), g.address, "start"); return err == nil })
}

func (g *gateway) kill() {
	if g.process == nil {
		return
	}
	_ = g.process.Process.Kill() // It may have ended.
	_ = g.process.Wait()
	g.process = nil
}

// reload loads the gateway's configuration once more.
func (w *world) reload(g *gateway) {
	w.t.Helper()
	config, err := os.ReadFile(g.config)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, g.admin+"/load", bytes.NewReader(config))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	req.Header.Set("Cache-Control", "must-revalidate")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("reloading: %v", err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		w.t.Fatalf("reloading: %s: %s", resp.Status, text)
	}
}

// awaitRedis returns when all gateways decide in Redis.
func (w *world) awaitRedis() {
	w.t.Helper()
	for _, g := range w.gateways {
		eventually.True(w.t, "the gateway decides in Redis", func() bool {
			got, err := ask(w.t.Context(), g.address, "await")
			return err == nil && !got.local && got.status != http.StatusServiceUnavailable
		})
	}
}

// load has the clients ask until the returned function is called.
func (w *world) load() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	for i, g := range w.gateways {
		for j := range clients {
			all.Go(func() { w.client(ctx, g.address, fmt.Sprint("key", (i+j)%keys)) })
		}
	}
	return func() {
		cancel()
		all.Wait()
	}
}

func (w *world) client(ctx context.Context, address, key string) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sent := time.Since(w.began)
		got, err := ask(ctx, address, key)
		if err != nil || got.status != http.StatusOK {
			continue // It was refused, or the gateway is gone.
		}
		w.mu.Lock()
		w.admitted = append(w.admitted, admission{key: key, sent: sent, answered: time.Since(w.began), local: got.local, cost: 1})
		w.mu.Unlock()
	}
}

// answer is what a client learns.
type answer struct {
	status int
	local  bool
}

var inRedis = fmt.Sprintf(";q=%d;", rate)

// ask sends a request with the key. A gateway that decides by itself tells its
// share in place of the rate.
func ask(ctx context.Context, address, key string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return answer{resp.StatusCode, !strings.Contains(resp.Header.Get("RateLimit-Policy"), inRedis)}, errors.Join(err, resp.Body.Close())
}
