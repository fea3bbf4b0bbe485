package gate

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

func provision(t *testing.T, app *App) (*App, func()) {
	t.Helper()
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	if err := app.Provision(ctx); err != nil {
		cancel()
		t.Fatal(err)
	}
	return app, func() {
		if err := app.Cleanup(); err != nil {
			t.Error(err)
		}
		cancel()
	}
}

func TestAReloadKeepsWhatIsShared(t *testing.T) {
	server := redistest.Start(t)
	for name, config := range map[string]App{
		"memory": {},
		"redis":  {Redis: &Redis{URL: server.URL()}},
	} {
		t.Run(name, func(t *testing.T) {
			before, cleanBefore := provision(t, &config)
			charge := window.Charge{Limit: window.Limit{Name: "l", Rate: 2, Window: window.MaxWindow}, Key: "k", Cost: 1}
			if _, err := before.Limits().Decide(t.Context(), []window.Charge{charge}); err != nil {
				t.Fatal(err)
			}
			next := config
			next.cleanups = nil
			after, cleanAfter := provision(t, &next)
			cleanBefore()
			defer cleanAfter()

			if before.Limits() != after.Limits() || before.Breakers() != after.Breakers() || before.Health() != after.Health() {
				t.Error("the reload made something anew")
			}
			verdict, err := after.Limits().Decide(t.Context(), []window.Charge{charge})
			if err != nil || verdict.States[0].Remaining != 0 {
				t.Errorf("after the reload: %+v, %v; want both units used", verdict, err)
			}
		})
	}
}

func TestEqualRedisOptionsShareOneConnection(t *testing.T) {
	server := redistest.Start(t)
	t.Setenv("ODORDIFF_TEST_REDIS", server.URL())
	a, cleanA := provision(t, &App{Redis: &Redis{URL: server.URL()}})
	defer cleanA()
	b, cleanB := provision(t, &App{Redis: &Redis{URL: "{env.ODORDIFF_TEST_REDIS}", Prefix: DefaultPrefix}})
	defer cleanB()
	c, cleanC := provision(t, &App{Redis: &Redis{URL: server.URL(), Prefix: "other"}})
	defer cleanC()
	if a.redis != b.redis {
		t.Error("the same server and prefix have two connections")
	}
	if a.redis == c.redis {
		t.Error("two prefixes share a store")
	}
}

func TestBadRedisOptionsAreNamedWithoutTheirSecret(t *testing.T) {
	for name, c := range map[string]struct {
		redis Redis
		want  string
	}{
		"scheme":         {Redis{URL: "http://:hunter2@localhost"}, "redis"},
		"no host":        {Redis{URL: "redis://:hunter2@"}, "no host"},
		"nodes":          {Redis{URL: "redis://localhost", Nodes: new(-1)}, "nodes"},
		"timeout":        {Redis{URL: "redis://localhost", Timeout: new(caddy.Duration(time.Minute))}, "timeout"},
		"unset variable": {Redis{URL: "{env.ODORDIFF_SURELY_UNSET}"}, "url"},
	} {
		t.Run(name, func(t *testing.T) {
			app := &App{Redis: &c.redis}
			ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
			defer cancel()
			err := app.Provision(ctx)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("err = %v, want one that names %q and no password", err, c.want)
			}
			// Caddy cleans up after a failed Provision, too.
			if err := app.Cleanup(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMetricsMayBeRegisteredByEachInstance(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "gate_test_total"})
	for range 2 {
		if err := RegisterMetrics(ctx, counter); err != nil {
			t.Fatal(err)
		}
	}
	other := prometheus.NewGauge(prometheus.GaugeOpts{Name: "gate_test_total", Help: "another"})
	if err := RegisterMetrics(ctx, other); err == nil {
		t.Error("two metrics of one name were taken")
	}
}

func TestTheKeyringIsFollowedOnceForTwoConfigs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	if _, err := keyring.Ensure(path); err != nil {
		t.Fatal(err)
	}
	before, cleanBefore := provision(t, &App{KeyringFile: path})
	after, cleanAfter := provision(t, &App{KeyringFile: path})
	cleanBefore()
	defer cleanAfter()
	if before.Keyring() != after.Keyring() {
		t.Error("the reload opened the keyring again")
	}
	if after.Keyring().Len() == 0 {
		t.Error("the keyring was closed with the config before")
	}
}

func TestTheStateDirectoryHasTheDefaultKeyring(t *testing.T) {
	state := t.TempDir()
	t.Setenv("ODORDIFF_STATE", state)
	without, clean := provision(t, new(App))
	defer clean()
	if without.Keyring() != nil {
		t.Error("there is a keyring without a file")
	}
	if _, err := keyring.Ensure(filepath.Join(state, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	with, clean := provision(t, new(App))
	defer clean()
	if with.Keyring() == nil || with.Keyring().Len() == 0 {
		t.Error("the keyring of the state directory is not used")
	}
}

func TestAMissingKeyringIsNamedWithTheWayOut(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	app := &App{KeyringFile: filepath.Join(t.TempDir(), "absent.json")}
	err := app.Provision(ctx)
	if err == nil || !strings.Contains(err.Error(), "absent.json") || !strings.Contains(err.Error(), "odordiff keyring init") {
		t.Errorf("err = %v", err)
	}
	if err := app.Cleanup(); err != nil {
		t.Error(err)
	}
}
