package proxy

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestSmoke(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hi")) }))
	defer up.Close()
	e := edgetest.Start(t, "reverse_proxy "+up.Listener.Addr().String()+` {
		lb_policy gate_breaker {
			inner least_conn
		}
		transport gate {
			dial_timeout 1s
			slow_after 2s
			versions 1.1
		}
	}`)
	res, err := e.Client.Get(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(res.StatusCode)
}
