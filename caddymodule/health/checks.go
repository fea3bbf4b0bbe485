package health

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/keyring"
)

// defaultUpstreamName is the name of an upstream's check that has no other.
const defaultUpstreamName = "upstream"

// Upstream is a URL that must answer GET with a status from 200 to 299.
// Redirects count as failures.
type Upstream struct {
	// The URL, http or https. Placeholders such as {env.UPSTREAM} are expanded.
	URL string `json:"url"`

	// The check's name in reports and metrics. Handlers that use the same name
	// share one check, that of the last one. Default: upstream.
	Name string `json:"name,omitempty"`

	// Whether the gateway is not ready without it. That is right for a sidecar,
	// whose upstream is its own; gateways that share an upstream had better stay in
	// rotation and answer with stale results or a clear problem, which is the default.
	Critical bool `json:"critical,omitempty"`
}

// Disk is the check of a file system.
type Disk struct {
	// A folder of the file system. Placeholders are expanded. Default: Caddy's
	// data folder, or the nearest folder above that exists.
	Folder string `json:"folder,omitempty"`
	Thresholds
}

// Thresholds are where a figure becomes degraded or failed. One that is 0 is never reached.
type Thresholds struct {
	Degraded float64 `json:"degraded,omitempty"`
	Failed   float64 `json:"failed,omitempty"`
}

func (h *Handler) setDefaults() {
	if h.Disk == nil {
		h.Disk = &Disk{Thresholds: Thresholds{Degraded: 90, Failed: 98}}
	}
	if h.Disk.Folder == "" {
		h.Disk.Folder = nearest(caddy.AppDataDir())
	}
	if h.Memory == nil {
		h.Memory = &Thresholds{Degraded: 95}
	}
	if h.Load == nil {
		h.Load = &Thresholds{Degraded: 4}
	}
	for _, upstream := range h.Upstreams {
		if upstream != nil && upstream.Name == "" {
			upstream.Name = defaultUpstreamName
		}
	}
}

// nearest returns the folder, or the first one above it that exists.
func nearest(folder string) string {
	for {
		parent := filepath.Dir(folder)
		if _, err := os.Stat(folder); err == nil || parent == folder {
			return folder
		}
		folder = parent
	}
}

// resolve expands the placeholders.
func (h *Handler) resolve(repl *caddy.Replacer) (err error) {
	if h.Disk.Folder, err = repl.ReplaceOrErr(h.Disk.Folder, true, true); err != nil {
		return fmt.Errorf("disk folder: %w", err)
	}
	for _, upstream := range h.Upstreams {
		if upstream == nil {
			return errors.New("upstreams: null is not an upstream; want an object with a url")
		}
		if upstream.URL, err = repl.ReplaceOrErr(upstream.URL, true, true); err != nil {
			return fmt.Errorf("upstream url: %w", err)
		}
	}
	return nil
}

// checkProbesOnly refuses the options that would have no effect.
func (h *Handler) checkProbesOnly() error {
	if len(h.Upstreams) > 0 || h.Disk != nil || h.Memory != nil || h.Load != nil ||
		h.Timeout != 0 || h.Interval != 0 || h.DetailsScope != "" {
		return errors.New("probes_only goes with no other option: the checks belong to the gate_health that answers /health")
	}
	return nil
}

// check says what is wrong with the configuration. It runs before anything is
// registered, so that a bad config never touches what is in force.
func (h *Handler) check() error {
	if d := time.Duration(h.Timeout); d < 0 || d > time.Minute {
		return fmt.Errorf("timeout %s: want up to 1m", d)
	}
	if d := time.Duration(h.Interval); d < 0 || d > time.Hour {
		return fmt.Errorf("interval %s: want up to 1h", d)
	}
	if h.DetailsScope != "" && !keyring.ValidScope(h.DetailsScope) {
		return fmt.Errorf("details_scope %q: has a character that scopes may not have", h.DetailsScope)
	}
	names := make(map[string]bool)
	for _, upstream := range h.Upstreams {
		if err := checkURL(upstream.URL); err != nil {
			return fmt.Errorf("upstream %q: %w", upstream.URL, err)
		}
		if names[upstream.Name] {
			return fmt.Errorf("two upstreams are called %q: give each its own name after the URL", upstream.Name)
		}
		names[upstream.Name] = true
	}
	return errors.Join(
		checkPercentages("disk", h.Disk.Thresholds),
		checkPercentages("memory", *h.Memory),
		checkThresholds("load", *h.Load),
	)
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("want a URL such as http://127.0.0.1:8090/health/ready")
	}
	return nil
}

func checkPercentages(what string, t Thresholds) error {
	if t.Degraded > 100 || t.Failed > 100 {
		return fmt.Errorf("%s: the thresholds are percentages, up to 100", what)
	}
	return checkThresholds(what, t)
}

func checkThresholds(what string, t Thresholds) error {
	if t.Degraded < 0 || t.Failed < 0 {
		return fmt.Errorf("%s: a threshold is not negative; 0 is never reached", what)
	}
	if t.Failed > 0 && t.Failed < t.Degraded {
		return fmt.Errorf("%s: failed (%g) comes before degraded (%g): swap them", what, t.Failed, t.Degraded)
	}
	return nil
}

func (h *Handler) register() {
	h.add("disk", false, healthcheck.Disk(h.Disk.Folder, healthcheck.Thresholds(h.Disk.Thresholds)))
	h.add("memory", false, healthcheck.Memory(healthcheck.Thresholds(*h.Memory)))
	h.add("load", false, healthcheck.Load(healthcheck.Thresholds(*h.Load)))
	if len(h.Upstreams) == 0 {
		return
	}
	client, closeIdle := newClient()
	h.cleanups = append(h.cleanups, closeIdle)
	for _, upstream := range h.Upstreams {
		h.add(upstream.Name, upstream.Critical, healthcheck.HTTP(client, upstream.URL))
	}
}

func (h *Handler) add(name string, critical bool, run healthcheck.Func) {
	h.cleanups = append(h.cleanups, h.registry.Register(healthcheck.Check{
		Name: name, Critical: critical, Run: run,
		Timeout: time.Duration(h.Timeout), Interval: time.Duration(h.Interval),
	}))
}

// newClient returns a client that goes to the upstream directly, as the
// gateway's own requests do, and how to close what it leaves open.
func newClient() (client *http.Client, closeIdle func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, transport.CloseIdleConnections
}
