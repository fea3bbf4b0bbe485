package browser_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/browser"
)

func ExampleManners() {
	manners := browser.NewManners(browser.Recommended(), browser.Telling, browser.Sharing{Origins: []string{"https://app.example"}})
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Origin", "https://app.example")
	answer := http.Header{"Server": {"Example/1.2"}}
	fields, _ := manners.For(request)
	fields.Apply(answer, http.StatusOK)
	fmt.Printf("%q %q\n", answer.Get("Server"), answer.Get("Access-Control-Allow-Origin"))
	// Output: "" "https://app.example"
}

func TestOnlyWhatABrowserWouldWriteIsAnOrigin(t *testing.T) {
	for text, want := range map[string]bool{
		"https://app.example":        true,
		"https://app.example:8443":   true,
		"http://localhost:3000":      true,
		"http://[::1]:3000":          true,
		"capacitor://localhost":      true,
		"*":                          false,
		"null":                       false,
		"":                           false,
		"https://*.example":          false,
		"https://app.example/":       false,
		"https://App.example":        false,
		"https://app.example:443":    false,
		"http://app.example:80":      false,
		"https://app.example:":       false,
		"https://user@app.example":   false,
		"https://":                   false,
		"https://:8443":              false,
		"app.example":                false,
		"https://a.example?":         false,
		"https://app.example:port":   false,
		"https://a.b https://c.d":    false,
		"HTTPS://app.example":        false,
		"https://app.example\r\nX:1": false,
	} {
		if got := browser.IsOrigin(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// site shares with one origin.
var site = browser.NewManners(
	map[string]string{"x-frame-options": "DENY"}, []string{"server", "X-Frame-Options"},
	browser.Sharing{
		Origins: []string{"https://app.example"}, Methods: []string{"GET", "POST"}, Headers: []string{"Authorization"},
		Expose: []string{"Retry-After"}, MaxAge: time.Hour, Credentials: true,
	})

func request(method string, origins ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	r.Header["Origin"] = origins
	return r
}

func TestAnAnswerIsSharedWithTheNamedOriginsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		origins []string
		want    string
	}{
		"named":           {[]string{"https://app.example"}, "https://app.example"},
		"no browser":      {nil, ""},
		"another":         {[]string{"https://app.example.evil.example"}, ""},
		"a part":          {[]string{"https://app.exampl"}, ""},
		"another port":    {[]string{"https://app.example:444"}, ""},
		"another scheme":  {[]string{"http://app.example"}, ""},
		"in capitals":     {[]string{"https://APP.example"}, ""},
		"the origin null": {[]string{"null"}, ""},
		"two":             {[]string{"https://app.example", "https://app.example"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fields, preflight := site.For(request(http.MethodGet, c.origins...))
			// an upstream that would share with anyone
			header := http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Credentials": {"true"}}
			fields.Apply(header, http.StatusOK)
			if got := header.Get("Access-Control-Allow-Origin"); got != c.want || preflight {
				t.Errorf("shared with %q, want %q; preflight: %t", got, c.want, preflight)
			}
			for _, field := range []string{"Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"} {
				if shared := header.Get(field) != ""; shared != (c.want != "") {
					t.Errorf("%s: %q", field, header.Get(field))
				}
			}
			if header.Get("Vary") != "Origin" {
				t.Errorf("Vary: %q", header.Values("Vary"))
			}
		})
	}
}

func TestAPreflightIsToldWhatIsAllowed(t *testing.T) {
	for origin, want := range map[string]http.Header{
		"https://app.example": {
			"Access-Control-Allow-Origin": {"https://app.example"}, "Access-Control-Allow-Methods": {"GET, POST"},
			"Access-Control-Allow-Headers": {"Authorization"}, "Access-Control-Max-Age": {"3600"}, "Access-Control-Allow-Credentials": {"true"},
		},
		"https://evil.example": {},
	} {
		asked := request(http.MethodOptions, origin)
		asked.Header.Set("Access-Control-Request-Method", "POST")
		asked.Header.Set("Access-Control-Request-Private-Network", "true")
		fields, preflight := site.For(asked)
		if !preflight {
			t.Errorf("%s: not seen as a preflight", origin)
		}
		want.Set("Vary", "Origin")
		want.Set("Cache-Control", "no-store")
		want.Set("X-Frame-Options", "DENY")
		got := http.Header{}
		fields.Apply(got, http.StatusNoContent)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", origin, got, want)
		}
	}
}

func TestASiteThatSharesWithNobodyLeavesCORSToTheUpstream(t *testing.T) {
	manners := browser.NewManners(nil, nil, browser.Sharing{})
	asked := request(http.MethodOptions, "https://app.example")
	asked.Header.Set("Access-Control-Request-Method", "POST")
	fields, preflight := manners.For(asked)
	header := http.Header{"Access-Control-Allow-Origin": {"*"}}
	fields.Apply(header, http.StatusOK)
	if preflight || header.Get("Access-Control-Allow-Origin") != "*" || header.Get("Vary") != "" {
		t.Errorf("preflight: %t, header %v", preflight, header)
	}
}

func TestAnswersSayWhoMayKeepThem(t *testing.T) {
	fields, _ := site.For(request(http.MethodGet))
	for name, c := range map[string]struct {
		status     int
		said, want string
	}{
		"nothing said":         {http.StatusOK, "", "no-store"},
		"the upstream's word":  {http.StatusOK, "public, max-age=60", "public, max-age=60"},
		"of one that is kept":  {http.StatusNotModified, "", ""},
		"the server's own 500": {0, "", "no-store"},
	} {
		header := http.Header{}
		if c.said != "" {
			header.Set("Cache-Control", c.said)
		}
		fields.Apply(header, c.status)
		if got := header.Get("Cache-Control"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestStrictTransportIsForTLSAlone(t *testing.T) {
	plain := request(http.MethodGet)
	secure := request(http.MethodGet)
	secure.TLS = new(tls.ConnectionState)
	own := browser.NewManners(map[string]string{browser.StrictTransport: "max-age=1"}, nil, browser.Sharing{})
	none := browser.NewManners(nil, []string{"strict-transport-security"}, browser.Sharing{})
	for _, c := range []struct {
		manners *browser.Manners
		request *http.Request
		want    string
	}{
		{site, plain, ""}, {site, secure, "max-age=31536000"},
		{own, plain, ""}, {own, secure, "max-age=1"},
		{none, plain, ""}, {none, secure, ""},
	} {
		header := http.Header{}
		fields, _ := c.manners.For(c.request)
		fields.Apply(header, http.StatusOK)
		if got := header.Get("Strict-Transport-Security"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Caddy's header handler edits values in place.
func TestWhoeverEditsAFieldEditsOneAnswer(t *testing.T) {
	fields, _ := site.For(request(http.MethodGet))
	first, second := http.Header{"Server": {"Example"}}, http.Header{}
	fields.Apply(first, http.StatusOK)
	first["X-Frame-Options"][0] = "edited"
	fields.Apply(second, http.StatusOK)
	if got := second.Get("X-Frame-Options"); got != "DENY" || first.Get("Server") != "" {
		t.Errorf("X-Frame-Options %q, Server %q", got, first.Get("Server"))
	}
}
