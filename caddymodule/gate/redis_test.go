package gate

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/redistest"
)

func TestARedisThatMayForgetIsDegraded(t *testing.T) {
	limited := func(policy string, more ...string) []string {
		return append([]string{"--maxmemory", "8mb", "--maxmemory-policy", policy}, more...)
	}
	for name, test := range map[string]struct {
		settings []string
		status   healthcheck.Status
		detail   string
	}{
		"no limit of memory":  {[]string{"--maxmemory-policy", "allkeys-lru"}, healthcheck.OK, "takes charges and nonces"},
		"refuses when full":   {limited("noeviction"), healthcheck.OK, "takes charges and nonces"},
		"evicts anything":     {limited("allkeys-lru"), healthcheck.Degraded, "maxmemory-policy is allkeys-lru"},
		"evicts what expires": {limited("volatile-ttl"), healthcheck.Degraded, "set maxmemory-policy noeviction"},
		"does not say":        {limited("allkeys-lru", "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-config"), healthcheck.OK, "takes charges and nonces"},
		"has no such command": {limited("allkeys-lru", "--rename-command", "CONFIG", ""), healthcheck.OK, "takes charges and nonces"},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, test.settings...)
			if state := redisHealth(t, server); state.Status != test.status || !strings.Contains(state.Detail, test.detail) {
				t.Errorf("%s: %q, want %s: %q", state.Status, state.Detail, test.status, test.detail)
			} else if state.Data["connections"] == uint32(0) {
				t.Errorf("the figures of the pool are %v", state.Data)
			}
		})
	}
}

func TestARedisThatRefusesWritesHasFailedUntilItTakesThemAgain(t *testing.T) {
	for name, fault := range map[string]struct {
		settings   []string
		begin, end func(context.Context, *redis.Client) error
		detail     string
	}{
		"a replica": {
			begin:  func(ctx context.Context, c *redis.Client) error { return c.ReplicaOf(ctx, "127.0.0.1", "1").Err() },
			end:    func(ctx context.Context, c *redis.Client) error { return c.ReplicaOf(ctx, "NO", "ONE").Err() },
			detail: "READONLY",
		},
		"full, and nothing may be evicted": {
			settings: []string{"--maxmemory-policy", "noeviction"},
			begin:    func(ctx context.Context, c *redis.Client) error { return c.ConfigSet(ctx, "maxmemory", "1").Err() },
			end:      func(ctx context.Context, c *redis.Client) error { return c.ConfigSet(ctx, "maxmemory", "0").Err() },
			detail:   "OOM",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, fault.settings...)
			app, clean := provision(t, &App{Redis: &Redis{URL: server.URL(), Timeout: new(caddy.Duration(maxRedisTimeout))}})
			defer clean()
			if got := app.redis.check(t.Context()); got.Status != healthcheck.OK {
				t.Fatalf("before: %s: %s", got.Status, got.Detail)
			}
			if err := fault.begin(t.Context(), server.Client()); err != nil {
				t.Fatal(err)
			}
			for range 20 { // more than open the breaker
				if got := app.redis.check(t.Context()); got.Status != healthcheck.Failed || !strings.Contains(got.Detail, fault.detail) {
					t.Fatalf("%s: %s, want failed with %s", got.Status, got.Detail, fault.detail)
				}
			}
			if got := valueOf(t, app.redis.degradedGauge()); got != 1 {
				t.Errorf("gate_redis_degraded is %g", got)
			}
			if err := fault.end(t.Context(), server.Client()); err != nil {
				t.Fatal(err)
			}
			eventually.True(t, "it is well again without traffic", func() bool {
				return app.redis.check(t.Context()).Status == healthcheck.OK
			})
			if got := valueOf(t, app.redis.degradedGauge()); got != 0 {
				t.Errorf("gate_redis_degraded is %g when all is well again", got)
			}
		})
	}
}

func TestAPartOfAClusterThatNobodyServesIsAFailure(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-require-full-coverage", "no")
	client := server.Client()
	if err := client.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	app, clean := provision(t, &App{Redis: &Redis{URL: server.URL() + "?cluster=true", Timeout: new(caddy.Duration(maxRedisTimeout))}})
	defer clean()
	wait := func(status healthcheck.Status, detail string) {
		t.Helper()
		var got healthcheck.Result
		if !eventually.Holds(func() bool {
			got = app.redis.check(t.Context())
			return got.Status == status && strings.Contains(got.Detail, detail)
		}) {
			t.Fatalf("%s: %s, want %s: %s", got.Status, got.Detail, status, detail)
		}
	}
	wait(healthcheck.OK, "takes charges and nonces")
	windows, err := client.ClusterKeySlot(t.Context(), "{"+DefaultPrefix+"}").Result()
	if err != nil {
		t.Fatal(err)
	}
	other := (int(windows) + 1) % 16384
	if err := client.ClusterDelSlots(t.Context(), other).Err(); err != nil {
		t.Fatal(err)
	}
	wait(healthcheck.Failed, "only 16383 of 16384 slots")
	if err := client.Do(t.Context(), "cluster", "addslots", other).Err(); err != nil {
		t.Fatal(err)
	}
	wait(healthcheck.OK, "takes charges and nonces")
	if err := client.ClusterDelSlots(t.Context(), int(windows)).Err(); err != nil {
		t.Fatal(err)
	}
	wait(healthcheck.Failed, "limits are not decided in Redis")
}

func TestNoncesThatRedisRefusesAreAFailure(t *testing.T) {
	// A user who may use the windows' keys and no others.
	server := redistest.Start(t, "--user", "default", "on", "nopass", "~{odordiff}:*", "&*", "+@all")
	if state := redisHealth(t, server); state.Status != healthcheck.Failed || !strings.Contains(state.Detail, "signatures are refused") {
		t.Errorf("%s: %q", state.Status, state.Detail)
	}
}

func TestARedisThatIsGoneHasFailed(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	if state := redisHealth(t, server); state.Status != healthcheck.Failed || !strings.Contains(state.Detail, "refused") {
		t.Errorf("%s: %q", state.Status, state.Detail)
	}
}

// valueOf is the value of the collector's one gauge.
func valueOf(t *testing.T, gauge prometheus.Collector) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(gauge); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("gathered %v, %v", families, err)
	}
	return families[0].GetMetric()[0].GetGauge().GetValue()
}

// redisHealth is what an app that uses the server reports about it.
func redisHealth(t *testing.T, server *redistest.Server) healthcheck.State {
	t.Helper()
	app, clean := provision(t, &App{Redis: &Redis{URL: server.URL(), Timeout: new(caddy.Duration(maxRedisTimeout))}})
	t.Cleanup(clean)
	checks := app.Health().Report(t.Context()).Checks
	i := slices.IndexFunc(checks, func(s healthcheck.State) bool { return s.Name == "redis" })
	if i < 0 {
		t.Fatalf("no check of redis among %+v", checks)
	}
	return checks[i]
}
