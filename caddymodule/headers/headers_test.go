package headers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestCaddyfileAdapts(t *testing.T) { edgetest.Goldens(t, "testdata/adapt") }

func TestMistakesAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ lines, want string }{
		"a wildcard":        {"cors *", `origins: "*" is not an origin as browsers write it`},
		"the origin null":   {"cors https://app.example null", `"null" is not an origin`},
		"a slash":           {"cors https://app.example/", "write for example: cors https://app.example"},
		"a small method":    {"cors https://app.example {\nmethods post\n}", `"post" is not a method in capitals`},
		"any field":         {"cors https://app.example {\nexpose *\n}", `"*" is not the name of a header field`},
		"an option":         {"crs https://app.example", `unknown option "crs" of gate_headers`},
		"no field":          {"X:Y value", `"X:Y" is not the name`},
		"no value":          {"X-Frame-Options", "takes one value"},
		"an empty value":    {`X-Frame-Options ""`, `"" is not the value`},
		"two values":        {"X-Frame-Options SAMEORIGIN DENY", "takes one value, in quotes"},
		"a field twice":     {"X-Frame-Options A\nX-Frame-Options B", "is there twice"},
		"a removed value":   {"-X-Frame-Options DENY", "takes no value"},
		"a field of cors":   {"cors https://app.example\nAccess-Control-Allow-Origin *", "would be told to every site"},
		"max_age of a week": {"cors https://app.example {\nmax_age 7d\n}", "from 0s to 24h"},
	} {
		err := new(Handler).UnmarshalCaddyfile(caddyfile.NewTestDispenser("gate_headers {\n" + c.lines + "\n}"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestMistakesInJSONAreNamed(t *testing.T) {
	for config, want := range map[string]string{
		`{"cors": {"origins": ["*"]}}`: `origins: "*" is not`,
		`{"set": {"X Y": "z"}}`:        `"X Y" is not the name`,
		`{"set": {"X-Y": "a\nb"}}`:     "is not the value",
		`{"cors": {"origins": ["https://app.example"]}, "set": {"access-control-allow-origin": "*"}}`: "would be told to every site",
		`{"remove": [""]}`:                  `"" is not the name`,
		`{"cors": {"max_age": 8640000e10}}`: "max_age",
	} {
		h := new(Handler)
		err := json.Unmarshal([]byte(config), h)
		if err == nil {
			ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
			err = h.Provision(ctx)
			cancel()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}

// edge is a site whose upstream has manners of its own.
func edge(t *testing.T, options string) *edgetest.Edge {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Powered-By", "Example/1.2")
		header.Set("X-Frame-Options", "ALLOWALL")
		header.Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			header.Set("Allow", "GET")
		}
	}))
	t.Cleanup(upstream.Close)
	return edgetest.Start(t, "gate_headers {\n"+options+"\n}\nrespond /refused 403\nreverse_proxy "+upstream.Listener.Addr().String())
}

func get(t *testing.T, e *edgetest.Edge, method, path, origin string, more ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, e.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	for i := 0; i < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	resp, err := e.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestOneValueOfEachFieldArrives(t *testing.T) {
	e := edge(t, "X-Frame-Options SAMEORIGIN\n-Referrer-Policy\nX-Site edge")
	for _, path := range []string{"/", "/refused"} {
		header := get(t, e, http.MethodGet, path, "").Header
		for name, want := range map[string]string{
			"X-Frame-Options": "SAMEORIGIN", "X-Site": "edge", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Referrer-Policy": "", "X-Powered-By": "", "Server": "", "Via": "", "Strict-Transport-Security": "",
		} {
			if got := strings.Join(header.Values(name), "|"); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
		if header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no X-Request-Id", path)
		}
	}
}

func TestTheUpstreamDoesNotDecideWhoShares(t *testing.T) {
	e := edge(t, "cors https://app.example")
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "": ""} {
		got := get(t, e, http.MethodGet, "/", origin).Header.Values("Access-Control-Allow-Origin")
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", origin, got, want)
		}
	}
}

func TestOptionsThatAreNoPreflightReachTheUpstream(t *testing.T) {
	e := edge(t, "cors https://app.example")
	if allow := get(t, e, http.MethodOptions, "/", "https://app.example").Header.Get("Allow"); allow != "GET" {
		t.Errorf("Allow: %q", allow)
	}
	asked := get(t, e, http.MethodOptions, "/", "https://app.example", "Access-Control-Request-Method", "POST")
	if asked.StatusCode != http.StatusNoContent || asked.Header.Get("Allow") != "" || asked.Header.Get("Access-Control-Max-Age") != "3600" {
		t.Errorf("%d %v", asked.StatusCode, asked.Header)
	}
}
