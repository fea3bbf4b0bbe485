package health

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/healthcheck"
)

// Upstream is a URL that must answer GET with a status from 200 to 299.
// Redirects count as failures.
type Upstream struct {
	// The URL, http or https. Placeholders such as {env.UPSTREAM} are expanded.
	URL string `json:"url"`

	// The check's name in reports and metrics. Handlers that use the same name
	// share one check, that of the last one. Default: upstream.
	Name string `json:"name,omitempty"`

	// Whether the gateway is not ready without it. That is right for a sidecar,
	// whose upstream is its own. Gateways that share an upstream should stay in
	// rotation and answer with stale results or a clear problem, which is the
	// default.
	Critical bool `json:"critical,omitempty"`
}

// Disk is the check of a file system.
type Disk struct {
	// A directory of the file system. Placeholders are expanded. Default: Caddy's
	// data directory, or the nearest directory above that exists.
	Directory string `json:"directory,omitempty"`
	Thresholds
}

// Memory is the check of the host's memory.
type Memory struct{ Thresholds }

// Load is the check of the host's load.
type Load struct{ Thresholds }

// Thresholds say from which figure a check is degraded or failed. A threshold
// of 0 is never reached.
type Thresholds struct {
	// The figure from which the check is degraded.
	Degraded *float64 `json:"degraded,omitempty"`

	// The figure from which the check has failed.
	Failed *float64 `json:"failed,omitempty"`
}

// orElse sets both thresholds if neither is given.
func (t *Thresholds) orElse(degraded, failed float64) {
	if t.Degraded == nil && t.Failed == nil {
		t.Degraded, t.Failed = &degraded, &failed
	}
}

// figures returns the thresholds, with 0 for one that is not given.
func (t *Thresholds) figures() (figures healthcheck.Thresholds) {
	if t.Degraded != nil {
		figures.Degraded = *t.Degraded
	}
	if t.Failed != nil {
		figures.Failed = *t.Failed
	}
	return figures
}

func (h *Handler) setDefaults() {
	h.Disk, h.Memory, h.Load = cmp.Or(h.Disk, new(Disk)), cmp.Or(h.Memory, new(Memory)), cmp.Or(h.Load, new(Load))
	h.Disk.Directory = cmp.Or(h.Disk.Directory, nearest(caddy.AppDataDir()))
	h.Disk.orElse(90, 98)
	h.Memory.orElse(95, 0)
	h.Load.orElse(4, 0)
}

// nearest returns the directory, or the first one above it that exists.
func nearest(directory string) string {
	for {
		parent := filepath.Dir(directory)
		if _, err := os.Stat(directory); err == nil || parent == directory {
			return directory
		}
		directory = parent
	}
}

// checkProbesOnly refuses the options that would have no effect.
func (h *Handler) checkProbesOnly() error {
	if len(h.Upstreams) > 0 || h.Disk != nil || h.Memory != nil || h.Load != nil ||
		h.Timeout != nil || h.Interval != nil || h.DetailsScope != "" {
		return errors.New("probes_only goes with no other option: the checks belong to the gate_health that answers /health")
	}
	return nil
}

// check refuses options that contradict each other. It runs before anything is
// registered, so that a bad config never changes what is in force.
func (h *Handler) check() error {
	names := make(map[string]bool)
	for _, upstream := range h.Upstreams {
		if names[upstream.Name] {
			return fmt.Errorf("two upstreams are called %q: give each its own name after the URL", upstream.Name)
		}
		names[upstream.Name] = true
	}
	return errors.Join(
		checkOrder("disk", h.Disk.figures()),
		checkOrder("memory", h.Memory.figures()),
		checkOrder("load", h.Load.figures()),
	)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func checkOrder(what string, t healthcheck.Thresholds) error {
	if t.Failed > 0 && t.Failed < t.Degraded {
		return fmt.Errorf("%s: failed (%g) comes before degraded (%g): swap them", what, t.Failed, t.Degraded)
	}
	return nil
}

func (h *Handler) register() {
	h.add("disk", false, healthcheck.Disk(h.Disk.Directory, h.Disk.figures()))
	h.add("memory", false, healthcheck.Memory(h.Memory.figures()))
	h.add("load", false, healthcheck.Load(h.Load.figures()))
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
		Timeout: time.Duration(*h.Timeout), Interval: time.Duration(*h.Interval),
	}))
}

// newClient returns a client that connects to the upstream directly, as the
// gateway's proxy does, and a function that closes its idle connections.
func newClient() (client *http.Client, closeIdle func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, transport.CloseIdleConnections
}
