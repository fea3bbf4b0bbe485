package fallback

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"
)

// counter returns how often the rung has served.
func counter(t *testing.T, rung string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(served)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range families[0].GetMetric() {
		if metric.GetLabel()[0].GetValue() == rung {
			return metric.GetCounter().GetValue()
		}
	}
	t.Fatalf("no rung %s", rung)
	return 0
}

func TestCaddyfile(t *testing.T) {
	for input, want := range map[string]string{
		`gate_fallback`: `{}`,
		`gate_fallback {
			stale
		}`: `{"stale":{}}`,
		`gate_fallback {
			stale {
				ttl       1h
				max_size  64MiB
				max_entry 512KiB
			}
			retry_after 3s
		}`: `{"stale":{"ttl":3600000000000,"max_size":67108864,"max_entry":524288},"retry_after":3000000000}`,
	} {
		var h Handler
		if err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser(input)); err != nil {
			t.Errorf("%s: %v", input, err)
			continue
		}
		if got, err := json.Marshal(h); err != nil || string(got) != want {
			t.Errorf("%s\n got %s, %v\nwant %s", input, got, err, want)
		}
	}
}

func TestCaddyfileMistakesAreNamed(t *testing.T) {
	for options, want := range map[string]string{
		"retry_after":               "argument",
		"retry_after 5":             "retry_after",
		"retry_after -5s":           "retry_after",
		"stale 10m":                 "argument",
		"stale\nstale":              "twice",
		"stale {\nttl never\n}":     "ttl",
		"stale {\nmax_size 0\n}":    "max_size",
		"stale {\nmax_size lots\n}": "max_size",
		"stale {\nmax_entry 1 2\n}": "argument",
		"stale {\nmaxentry 1MiB\n}": "maxentry",
		"retry 5s":                  "retry",
	} {
		var h Handler
		err := h.UnmarshalCaddyfile(caddyfile.NewTestDispenser("gate_fallback {\n" + options + "\n}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not name %q", options, err, want)
		}
	}
}

func TestValidateRefusesWhatMakesNoSense(t *testing.T) {
	for _, test := range []struct {
		handler Handler
		names   string
	}{
		{Handler{RetryAfter: -1}, "retry_after"},
		{Handler{Stale: &Stale{TTL: caddy.Duration(time.Millisecond)}}, "ttl"},
		{Handler{Stale: &Stale{MaxSize: -1}}, "max_size"},
		{Handler{Stale: &Stale{MaxSize: 1 << 10, MaxEntry: 1 << 11}}, "max_entry (2.0 KiB) is larger"},
		{Handler{Stale: &Stale{MaxSize: 1 << 10}}, "max_entry"},
	} {
		if err := test.handler.Validate(); err == nil || !strings.Contains(err.Error(), test.names) {
			t.Errorf("%+v: error %v does not name %q", test.handler, err, test.names)
		}
	}
	if err := (&Handler{Stale: new(Stale)}).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

func TestCleanupWithoutProvisionIsHarmless(t *testing.T) {
	if err := (&Handler{Stale: new(Stale)}).Cleanup(); err != nil {
		t.Error(err)
	}
}

func TestOnlyEqualSettingsShareAStore(t *testing.T) {
	open := func(s *Stale) any {
		store, err := s.open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
		return store
	}
	a := open(new(Stale))
	if open(&Stale{TTL: caddy.Duration(10 * time.Minute)}) != a {
		t.Error("the defaults, spelt out, have another store")
	}
	if open(&Stale{TTL: caddy.Duration(time.Minute)}) == a {
		t.Error("another TTL has the same store")
	}
}
