package drill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/freeport"
	"github.com/odordiff/odordiff/internal/s3test"
)

// world is a machine with a gateway, a backend and a backup of both.
type world struct {
	binary, state, target, identity, recipient string

	gateway, backend, backup string // their addresses
	mu                       sync.Mutex
	processes                []*exec.Cmd
	client                   *http.Client
}

// caddyfile has a gateway that refuses who has no credential, and must record
// it.
const caddyfile = `{
	admin off
	persist_config off
	auto_https off
	gate {
		keyring {$ODORDIFF_STATE}/keyring.json
		audit {
			folder {$ODORDIFF_STATE}/audit
			required
		}
	}
}
http://127.0.0.1:%s {
	route {
		gate_problem
		gate_auth {
			jwt
		}
		respond "let in"
	}
}
`

func newWorld(t *testing.T, binary string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{
		binary: binary, state: filepath.Join(dir, "state"), target: filepath.Join(dir, "target"),
		identity: filepath.Join(dir, "operator.key"), client: &http.Client{Timeout: 30 * time.Second},
	}
	for _, folder := range []string{w.state, w.target} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	switch *target {
	case "folder":
	case "s3":
		w.target = s3test.Bucket(t, "gateway")
	default:
		w.target = *target
	}
	w.recipient = strings.TrimSpace(w.run(t, "backup", "key", w.identity))
	w.run(t, "keyring", "init", "--file", filepath.Join(w.state, "keyring.json"))
	t.Cleanup(w.kill)
	return w
}

// run runs a command of the binary to its end.
func (w *world) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.binary, args...)
	cmd.Env = append(os.Environ(), "ODORDIFF_STATE="+w.state)
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		_ = errors.As(err, &failed)
		t.Fatalf("odordiff %s: %v\n%s%s", strings.Join(args, " "), err, out, failed.Stderr)
	}
	return string(out)
}

// start starts everything, and returns when all of it is ready.
func (w *world) start(t *testing.T) {
	t.Helper()
	gateway, backend, backup := freeport.Get(t), freeport.Get(t), freeport.Get(t)
	w.gateway, w.backend, w.backup = "http://127.0.0.1:"+gateway, "http://127.0.0.1:"+backend, "http://127.0.0.1:"+backup
	config := filepath.Join(filepath.Dir(w.state), "Caddyfile")
	if err := os.WriteFile(config, fmt.Appendf(nil, caddyfile, gateway), 0o600); err != nil {
		t.Fatal(err)
	}
	w.launch(t, "run", "--config", config)
	w.launch(t, "infer", "--listen", "127.0.0.1:"+backend, "--store", filepath.Join(w.state, "records.db"))
	w.await(t, w.gateway, http.StatusUnauthorized)
	w.await(t, w.backend+"/health/ready", http.StatusOK)
	w.await(t, w.backend+"/api/v1/jobs", http.StatusOK) // The store is open.
	w.launch(t, "backup", "run", "--state", w.state, "--target", w.target, "--recipients", w.recipient, "--listen", "127.0.0.1:"+backup)
	w.await(t, w.backup+"/health", http.StatusOK) // The first round was good.
}

func (w *world) launch(t *testing.T, args ...string) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(filepath.Dir(w.state), args[0]+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(w.binary, args...)
	cmd.Env = append(os.Environ(), "ODORDIFF_STATE="+w.state)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.processes = append(w.processes, cmd)
}

// await asks until the answer has the status.
func (w *world) await(t *testing.T, address string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	last := "nobody answered"
	for {
		if got, err := w.status(ctx, address); err == nil {
			if got == status {
				return
			}
			last = fmt.Sprint("it answered ", got)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %s, want %d\n%s", address, last, status, w.logs())
		case <-ticker.C:
		}
	}
}

func (w *world) status(ctx context.Context, address string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func (w *world) logs() string {
	var all strings.Builder
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(w.state), "*.log"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		fmt.Fprintf(&all, "%s:\n%s\n", filepath.Base(file), text[max(0, len(text)-2000):])
	}
	return all.String()
}

// kill ends all processes as a loss of power does.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cmd := range w.processes {
		_ = cmd.Process.Signal(syscall.SIGKILL) // It may have ended.
	}
	for _, cmd := range w.processes {
		_ = cmd.Wait() // It was killed.
	}
	w.processes = nil
	w.client.CloseIdleConnections()
}
