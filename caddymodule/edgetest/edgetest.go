// Package edgetest runs a real Caddy with a Caddyfile, for the tests of the
// modules. A process has only one Caddy, so tests that use it must not be
// parallel.
package edgetest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/freeport"
)

// Edge is a running Caddy.
type Edge struct {
	// URL is the address of the site, without a slash at the end.
	URL string
	// Client keeps its connections until the test ends and follows no redirects.
	Client *http.Client

	t         testing.TB
	transport *http.Transport
	address   string
	storage   string
}

// Start runs Caddy with one plain-HTTP site on a free loopback port, whose
// body is given in Caddyfile syntax, and stops it when the test ends.
func Start(t testing.TB, site string) *Edge {
	t.Helper()
	return StartEdited(t, site, unedited)
}

// StartEdited is Start with a change to the JSON config, for what a Caddyfile
// cannot express.
func StartEdited(t testing.TB, site string, edit func(config []byte) []byte) *Edge {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	e := &Edge{
		t: t, transport: transport, address: FreeAddress(t), storage: t.TempDir(),
		Client: &http.Client{
			Transport:     transport,
			Timeout:       20 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	e.URL = "http://" + e.address
	e.LoadEdited(site, edit)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})
	return e
}

// Load replaces the site's body, as a reload does.
func (e *Edge) Load(site string) {
	e.t.Helper()
	e.LoadEdited(site, unedited)
}

func unedited(config []byte) []byte { return config }

// LoadEdited is Load with a change to the JSON config, for what a Caddyfile
// cannot express. When it returns, every new connection reaches the new site.
func (e *Edge) LoadEdited(site string, edit func(config []byte) []byte) {
	e.t.Helper()
	before := listening.Swap(new(sync.WaitGroup))
	if err := caddy.Load(edit(e.adapt(site)), true); err != nil {
		e.t.Fatalf("loading the config: %v", err)
	}
	before.Wait()
	e.transport.CloseIdleConnections()
}

// Breakers returns the breakers of the running config.
func (e *Edge) Breakers() *breaker.Registry {
	e.t.Helper()
	app, err := caddy.ActiveContext().App("gate")
	if err != nil {
		e.t.Fatalf("getting the gate app: %v", err)
	}
	return app.(*gate.App).Breakers()
}

func (e *Edge) adapt(site string) []byte {
	e.t.Helper()
	config, err := Adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	storage_clean_interval off
	storage_check off
	storage file_system %s
	grace_period 1s
	log {
		level ERROR
	}
	servers {
		listener_wrappers {
			test_listening
		}
	}
}
http://%s {
%s
}
`, e.storage, e.address, site))
	if err != nil {
		e.t.Fatal(err)
	}
	return config
}

// Adapt turns a Caddyfile into JSON. Warnings are errors.
func Adapt(caddyfile string) ([]byte, error) {
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		if !strings.Contains(warning.Message, "not formatted") {
			return nil, fmt.Errorf("adapting: %s", warning)
		}
	}
	return config, nil
}

// FreeAddress returns a loopback address on which nothing listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return "127.0.0.1:" + freeport.Get(t)
}
