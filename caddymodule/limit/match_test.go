package limit_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestALimitIsForWhatItsMatchersMatch(t *testing.T) {
	edge := edgetest.Start(t, `
	@posts method POST
	route {
		gate_limit {
			limit every_request {
				key all
				rate 100/1h
			}
			limit posts {
				match @posts
				key all
				rate 50/1h
			}
			limit either {
				match path /a*
				match {
					path /b*
					method DELETE
				}
				key all
				rate 10/1h
			}
		}
		respond "ok"
	}
`)
	ask := func(method, path string) (status int, policies string) {
		t.Helper()
		r, err := http.NewRequest(method, edge.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := edge.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("RateLimit-Policy")
	}
	const everyRequest, posts, either = `"every_request";q=100;w=3600`, `, "posts";q=50;w=3600`, `, "either";q=10;w=3600`
	for _, tc := range []struct{ method, path, want string }{
		{http.MethodGet, "/", everyRequest},
		{http.MethodPost, "/", everyRequest + posts},
		{http.MethodPost, "/a", everyRequest + posts + either},
		{http.MethodGet, "/b", everyRequest},
		{http.MethodDelete, "/b", everyRequest + either},
	} {
		if status, got := ask(tc.method, tc.path); status != http.StatusOK || got != tc.want {
			t.Errorf("%s %s: %d, RateLimit-Policy %s, want %s", tc.method, tc.path, status, got, tc.want)
		}
	}
}
