package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/freeport"
)

// manager is the end of a service manager to which services report.
type manager struct {
	*net.UnixConn
	path string
}

func newManager(t *testing.T) manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "manager") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := manager{path: filepath.Join(dir, "notify")}
	if m.UnixConn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// wants waits until the service reports the states one after another.
// What stands between, such as a status for people, is passed over.
func (m manager) wants(t *testing.T, states ...string) {
	t.Helper()
	message := make([]byte, 4096)
	for _, want := range states {
		for got := ""; got != want; {
			if err := m.SetReadDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			n, err := m.Read(message)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if got = string(message[:n]); strings.HasPrefix(got, "READY") && want != got {
				t.Fatalf("the service reports %s before %s", got, want)
			}
		}
	}
}

func TestEveryServiceTellsItsManagerWhenItIsReadyAndWhenItStops(t *testing.T) {
	state := t.TempDir()
	target := t.TempDir()
	recipient, _, code := run(t, nil, "backup", "key", filepath.Join(t.TempDir(), "identity"))
	if code != 0 {
		t.Fatal("no identity was made")
	}
	for name, args := range map[string][]string{
		"infer": {"infer", "--listen", "127.0.0.1:0", "--store", "off"},
		"up": {
			"up", "--state", filepath.Join(state, "up"), "--store", "off",
			"--https-port", freeport.Get(t), "--http-port", freeport.Get(t), "--probe-port", freeport.Get(t),
			"--admin", "127.0.0.1:" + freeport.Get(t), "--backend", "127.0.0.1:" + freeport.Get(t),
		},
		"backup run": {
			"backup", "run", "--listen", "127.0.0.1:0", "--state", state,
			"--target", target, "--recipients", strings.TrimSpace(recipient),
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			service := start(t, []string{"NOTIFY_SOCKET=" + m.path}, args...)
			m.wants(t, "READY=1")
			service.signal(syscall.SIGTERM)
			m.wants(t, "STOPPING=1")
			<-service.done
			if service.err != nil {
				t.Error(service.err)
			}
		})
	}
}

// The admin API is a socket in the service's own directory, as in the unit.
func TestTheGatewayTellsItsManagerWhenItReloads(t *testing.T) {
	m := newManager(t)
	file := filepath.Join(t.TempDir(), "Caddyfile")
	content := fmt.Sprintf("{\n\tadmin unix/%s\n\tpersist_config off\n}\n", filepath.Join(filepath.Dir(m.path), "admin"))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	gateway := start(t, []string{"NOTIFY_SOCKET=" + m.path}, "run", "--config", file)
	m.wants(t, "RELOADING=1", "READY=1")
	if out, err, code := run(t, nil, "reload", "--config", file, "--force"); code != 0 {
		t.Fatalf("reload: %s%s", out, err)
	}
	m.wants(t, "RELOADING=1", "READY=1")
	gateway.signal(syscall.SIGTERM)
	m.wants(t, "STOPPING=1")
}
