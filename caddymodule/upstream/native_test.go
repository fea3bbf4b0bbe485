package upstream

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func init() { caddy.RegisterModule(nativeHook{}) }

// nativeHook is a breaker in the place that Caddy has for one; it only counts.
type nativeHook struct{}

var nativeAsked, nativeTold atomic.Int32

func (nativeHook) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.reverse_proxy.circuit_breakers.test_native", New: func() caddy.Module { return new(nativeHook) }}
}

func (*nativeHook) OK() bool { nativeAsked.Add(1); return true }

func (*nativeHook) RecordMetric(int, time.Duration) { nativeTold.Add(1) }

var _ reverseproxy.CircuitBreaker = (*nativeHook)(nil)

// TestCaddysOwnHookNeverHearsOfARefusedConnection pins the reason why there is
// a policy and a transport of ours: should Caddy change it, they may become
// simpler.
func TestCaddysOwnHookNeverHearsOfARefusedConnection(t *testing.T) {
	dead := edgetest.FreeAddress(t)
	site := "reverse_proxy " + strings.Repeat(dead+" ", 3) + "{\nlb_policy random\n}"
	e := edgetest.Start(t, site)
	e.LoadEdited(site, func(config []byte) []byte {
		proxy := []byte(`"handler":"reverse_proxy"`)
		return bytes.ReplaceAll(config, proxy, append(proxy, `,"circuit_breaker":{"type":"test_native"}`...))
	})
	nativeAsked.Store(0)
	wantStatus(t, get(t, e), http.StatusBadGateway)
	if asked := nativeAsked.Load(); asked < 3 {
		t.Errorf("asked %d times for one attempt on one of 3 upstreams: now a probe could be taken in OK", asked)
	}
	if told := nativeTold.Load(); told != 0 {
		t.Errorf("told %d times of a refused connection: the native hook may do", told)
	}
}
