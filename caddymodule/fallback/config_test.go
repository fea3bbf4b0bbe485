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

func TestAStoreTooSmallForItsAnswersIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		stale *Stale
		want  string
	}{
		"as it is written":     {&Stale{MaxSize: new(int64(1 << 10)), MaxEntry: new(int64(1 << 11))}, "max_entry (2.0 KiB) is larger"},
		"with the defaults":    {&Stale{MaxSize: new(int64(1 << 10))}, "max_entry (1.0 MiB) is larger"},
		"the defaults, alone":  {new(Stale), ""},
		"no store, no answers": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := Handler{Stale: test.stale}
			if err := h.Options().Provision(); err != nil {
				t.Fatal(err)
			}
			switch err := h.Validate(); {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestCleanupWithoutProvisionIsHarmless(t *testing.T) {
	if err := (&Handler{Stale: new(Stale)}).Cleanup(); err != nil {
		t.Error(err)
	}
}

func TestOnlyEqualSettingsShareAStore(t *testing.T) {
	open := func(s *Stale) any {
		if err := s.Options().Provision(); err != nil {
			t.Fatal(err)
		}
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
	if open(&Stale{TTL: new(caddy.Duration(10 * time.Minute))}) != a {
		t.Error("the defaults, spelt out, have another store")
	}
	if open(&Stale{TTL: new(caddy.Duration(time.Minute))}) == a {
		t.Error("another TTL has the same store")
	}
}
