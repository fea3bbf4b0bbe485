package limit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	_ "github.com/odordiff/odordiff/caddymodule/limit"
	_ "github.com/odordiff/odordiff/caddymodule/problem"
)

const site = `
	route /limited {
		gate_limit {
			limit edge {
				key {client_ip}
				rate 20/1h
				ipv6_prefix 64
			}
		}
		gate_limit {
			limit header {
				key {header.X-Tenant}
				rate 1000/1h
			}
			deny 203.0.113.0/24
		}
		respond "ok"
	}
	handle_errors {
		gate_problem
	}
`

func TestTheEdgeRefusesWithAProblemAndKeepsCountingOverAReload(t *testing.T) {
	edge := edgetest.Start(t, site)
	for range 10 {
		if res, _ := get(t, edge); res.StatusCode != http.StatusOK {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	edge.Load(site + "\n# reloaded\nheader X-Reloaded yes\n")

	var passed atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if res, _ := get(t, edge); res.StatusCode == http.StatusOK {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if n := passed.Load(); n != 10 {
		t.Fatalf("%d of 10 left passed after the reload", n)
	}

	res, body := get(t, edge)
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %s: %s", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	for field, want := range map[string]string{
		"RateLimit-Policy": `"edge";q=20;w=3600`,
		"X-Reloaded":       "yes",
	} {
		if got := res.Header.Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if res.Header.Get("Retry-After") == "" || res.Header.Get("RateLimit") == "" {
		t.Errorf("header %v lacks Retry-After or RateLimit", res.Header)
	}
	var problem struct {
		Type     string   `json:"type"`
		Violated []string `json:"violated-policies"`
	}
	if err := json.Unmarshal(body, &problem); err != nil {
		t.Fatal(err)
	}
	if problem.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || len(problem.Violated) != 1 || problem.Violated[0] != "edge" {
		t.Errorf("problem %s", body)
	}
}

func get(t *testing.T, edge *edgetest.Edge) (*http.Response, []byte) {
	res, err := edge.Client.Get(edge.URL + "/limited")
	if err != nil {
		t.Error(err)
		return new(http.Response), nil
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res, body
}
