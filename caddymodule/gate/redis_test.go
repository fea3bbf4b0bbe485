package gate

import (
	"slices"
	"strings"
	"testing"

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
		"no limit of memory":  {[]string{"--maxmemory-policy", "allkeys-lru"}, healthcheck.OK, "answers"},
		"refuses when full":   {limited("noeviction"), healthcheck.OK, "answers"},
		"evicts anything":     {limited("allkeys-lru"), healthcheck.Degraded, "maxmemory-policy is allkeys-lru"},
		"evicts what expires": {limited("volatile-ttl"), healthcheck.Degraded, "set maxmemory-policy noeviction"},
		"does not say":        {limited("allkeys-lru", "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-config"), healthcheck.OK, "answers"},
		"has no such command": {limited("allkeys-lru", "--rename-command", "CONFIG", ""), healthcheck.OK, "answers"},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, test.settings...)
			if state := redisHealth(t, server); state.Status != test.status || !strings.Contains(state.Detail, test.detail) {
				t.Errorf("%s: %q, want %s: %q", state.Status, state.Detail, test.status, test.detail)
			}
		})
	}
}

func TestARedisThatIsGoneHasFailed(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	if state := redisHealth(t, server); state.Status != healthcheck.Failed || !strings.Contains(state.Detail, "refused") {
		t.Errorf("%s: %q", state.Status, state.Detail)
	}
}

// redisHealth is what an app that uses the server reports about it.
func redisHealth(t *testing.T, server *redistest.Server) healthcheck.State {
	t.Helper()
	app, clean := provision(t, &App{Redis: &Redis{URL: server.URL()}})
	t.Cleanup(clean)
	checks := app.Health().Report(t.Context()).Checks
	i := slices.IndexFunc(checks, func(s healthcheck.State) bool { return s.Name == "redis" })
	if i < 0 {
		t.Fatalf("no check of redis among %+v", checks)
	}
	return checks[i]
}
