package redact

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAddressKeepsTheNetworkOnly(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77":            "203.0.113.0",
		"203.0.113.77:51234":      "203.0.113.0:51234",
		"::ffff:203.0.113.77":     "203.0.113.0",
		"2001:db8:1:2ff:3:4:5:6":  "2001:db8:1:200::",
		"[2001:db8:1:2ff::6]:443": "[2001:db8:1:200::]:443",
		"fe80::1%eth0":            "fe80::",
		"not an address":          "not an address",
		"":                        "",
		// not one address: Text and the fields' rules are for it
		"203.0.113.77, 203.0.113.78": "203.0.113.77, 203.0.113.78",
	} {
		if got := Address(address); got != want {
			t.Errorf("Address(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestURIKeepsThePathAndTheNames(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/b":                                 "/a/b",
		"/a?access_token=s3cret&x=1":           "/a?access_token=REDACTED&x=REDACTED",
		"/a?s3cret":                            "/a?REDACTED",
		"/a?x=1;sig=s3cret":                    "/a?x=REDACTED&sig=REDACTED",
		"/a#access_token=s3cret":               "/a",
		"/a?%20bad%zz=s3cret":                  "/a?%20bad%zz=REDACTED",
		"/a?x=1?key=s3cret":                    "/a?x=REDACTED",
		"http://me:s3cret@h.example/a?b=c":     "http://REDACTED@h.example/a?b=REDACTED",
		"/a?" + strings.Repeat("s", 65) + "=1": "/a?REDACTED",
		"/eyJhbGciOiJIUzI1NiJ9.e30.s3cret":     "/REDACTED",
	} {
		if got := URI(uri); got != want {
			t.Errorf("URI(%q) = %q, want %q", uri, got, want)
		}
	}
}

func TestNoValueOfAQueryIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z_.\[\]-]{0,12}`).Draw(t, "name")
		before := rapid.StringMatching(`([a-z]{1,3}=[a-z%;+/?:@]{0,5}&){0,3}`).Draw(t, "before")
		uri := "/path?" + before + name + "=S3CRET"
		if got := URI(uri); strings.Contains(got, "S3CRET") {
			t.Fatalf("URI(%q) = %q", uri, got)
		}
		text := `Get "http://h.example` + uri + `": refused`
		if got := Text(text); strings.Contains(got, "S3CRET") {
			t.Fatalf("Text(%q) = %q", text, got)
		}
	})
}

func TestTextKeepsWhatAnOperatorNeeds(t *testing.T) {
	for text, want := range map[string]string{
		"http: TLS handshake error from 203.0.113.77:51234: EOF":                  "http: TLS handshake error from 203.0.113.0:51234: EOF",
		"http: TLS handshake error from [2001:db8:1:2ff::6]:5: EOF":               "http: TLS handshake error from [2001:db8:1:200::]:5: EOF",
		"http: panic serving 203.0.113.77:51234: oh":                              "http: panic serving 203.0.113.0:51234: oh",
		"write tcp 10.0.0.1:8443->203.0.113.77:51234: broken pipe":                "write tcp 10.0.0.1:8443->203.0.113.0:51234: broken pipe",
		"dial tcp 10.0.0.5:8090: connect: connection refused":                     "dial tcp 10.0.0.5:8090: connect: connection refused",
		`Post "http://u:p@10.0.0.5:8090/a?api_key=s3cret&b=2": EOF`:               `Post "http://REDACTED@10.0.0.5:8090/a?api_key=REDACTED&b=REDACTED": EOF`,
		"got Bearer abcdefghijklmnop1234":                                         "got Bearer REDACTED",
		"basic authentication is off":                                             "basic authentication is off",
		"the token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl is not good": "the token REDACTED is not good",
		"served from a cache":                                                     "served from a cache",
		"what? nothing":                                                           "what? nothing",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestOnlyKnownFieldsAreShown(t *testing.T) {
	for name, want := range map[string]bool{
		"content-type": true, "User-Agent": true, "Retry-After": true,
		"Authorization": false, "Cookie": false, "X-Api-Key": false, "Ocp-Apim-Subscription-Key": false, "Signature": false,
		"X-Forwarded-For": false, "Set-Cookie": false, "Referer": false, "Location": false,
	} {
		if Header(name) != want {
			t.Errorf("Header(%s) = %v", name, !want)
		}
	}
	if !HeaderURI("location") || HeaderURI("Content-Type") {
		t.Error("Location holds a URI, Content-Type none")
	}
}
