package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/odordiff/odordiff/internal/redistest"
)

// fivePerHour makes the principal's limit small enough to reach, in a window
// long enough for nothing to come back while a test runs.
var fivePerHour = []string{"rate 60/1m", "rate 5/1h"}

func startRedis(t *testing.T) *redistest.Server { return redistest.Start(t) }

// inTime are options with which a loaded machine still answers in time.
const inTime = " {\n\t\t\ttimeout 5s\n\t\t}"

// sharing starts two gateways with one backend, one keyring and one Redis.
func sharing(t *testing.T, redis *redistest.Server, options string, oldNew ...string) (first, second *edge) {
	t.Helper()
	first, second = layout(t), layout(t)
	second.env = append(second.env, "ODORDIFF_UPSTREAM="+first.upstream)
	first.startBackend(t)
	url := "{env.ODORDIFF_REDIS}"
	keyring := `keyring "{$ODORDIFF_STATE:/var/lib/odordiff}/keyring.json"`
	oldNew = append([]string{url, "redis://" + redis.Addr + options, keyring, "keyring " + first.state + "/keyring.json"}, oldNew...)
	first.startWith(t, oldNew...)
	second.startWith(t, oldNew...)
	return first, second
}

func TestALimitAnswersWithItsHeaders(t *testing.T) {
	t.Parallel()
	e := startGateway(t, fivePerHour...)
	e.startBackend(t)
	token := e.token(t)
	for i := range 5 {
		got := e.generate(t, token, prompt)
		got.wantOK(t)
		want := `"principal";r=` + strconv.Itoa(4-i)
		if limit := got.Header.Get("RateLimit"); !strings.Contains(limit, want) {
			t.Errorf("RateLimit = %s, want it to contain %s", limit, want)
		}
		if policy := got.Header.Get("RateLimit-Policy"); !strings.Contains(policy, `"principal";q=5;w=3600`) {
			t.Errorf("RateLimit-Policy = %s", policy)
		}
	}
	got := e.generate(t, token, prompt)
	got.wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 2*3600 {
		t.Errorf("Retry-After = %q", got.Header.Get("Retry-After"))
	}
	if limit := got.Header.Get("RateLimit"); !strings.Contains(limit, `"principal";r=0`) {
		t.Errorf("RateLimit = %s", limit)
	}
	if !strings.Contains(string(got.body), `"principal"`) {
		t.Errorf("the problem does not name the limit: %s", got.body)
	}
}

func TestAnotherPrincipalIsNotAffected(t *testing.T) {
	t.Parallel()
	e := startGateway(t, fivePerHour...)
	e.startBackend(t)
	for range 6 {
		e.generate(t, e.token(t, "--subject", "alice"), prompt)
	}
	e.generate(t, e.token(t, "--subject", "alice"), prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	e.generate(t, e.token(t, "--subject", "bob"), prompt).wantOK(t)
}

func TestTwoGatewaysShareALimitOnRedis(t *testing.T) {
	t.Parallel()
	first, second := sharing(t, startRedis(t), inTime, "rate 60/1m", "rate 20/1h")
	token := first.token(t)
	var ok, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			e := first
			if i%2 == 1 {
				e = second
			}
			got, err := e.try(http.MethodPost, generatePath, http.Header{
				"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token},
			}, prompt)
			switch {
			case err != nil:
				t.Error(err)
			case got.StatusCode == http.StatusOK:
				ok.Add(1)
			case got.StatusCode == http.StatusTooManyRequests:
				refused.Add(1)
			default:
				t.Errorf("status %d: %s", got.StatusCode, got.body)
			}
		})
	}
	wg.Wait()
	if ok.Load() != 20 || refused.Load() != 20 {
		t.Errorf("%d admitted and %d refused, want 20 and 20", ok.Load(), refused.Load())
	}
}

func TestTheGatewayServesWhileRedisIsPausedAndAfterwards(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	first, _ := sharing(t, redis, "")
	token := first.token(t)
	first.generate(t, token, prompt).wantOK(t)
	redis.Pause()
	for range 3 {
		first.generate(t, token, prompt).wantOK(t)
	}
	redis.Resume()
	first.generate(t, token, prompt).wantOK(t)
	redis.Kill()
	first.generate(t, token, prompt).wantOK(t)
	t.Run("but a signature cannot be checked for replay", func(t *testing.T) {
		got := first.send(t, http.MethodPost, generatePath, first.sign(t, prompt), prompt)
		got.wantProblem(t, http.StatusServiceUnavailable, "authentication-unavailable")
	})
}
