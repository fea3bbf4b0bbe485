package ladder

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOnlyAnUpstreamThatIsOutStepsDown(t *testing.T) {
	for status := 100; status < 600; status++ {
		want := status == 502 || status == 503 || status == 504
		if StepsDown(status) != want {
			t.Errorf("StepsDown(%d) = %v", status, !want)
		}
	}
}

func TestJitterAddsAtMostAHalf(t *testing.T) {
	for range 1000 {
		if d := Jitter(4 * time.Second); d < 4*time.Second || d > 6*time.Second {
			t.Fatalf("Jitter(4s) = %v", d)
		}
	}
}

func TestRequestsThatSayTheSameShareAKey(t *testing.T) {
	target := Target{Method: "POST", Path: "/p", Query: "x=1&y=2&x=3"}
	base := Request{Host: "a", Asked: target, Passed: target, Principal: "ann", Body: []byte("{}")}
	reordered := base
	reordered.Asked.Query, reordered.Passed.Query = "y=2&x=1&x=3", "x=1&x=3&y=2"
	if base.Key() != reordered.Key() {
		t.Error("the order of parameters matters")
	}
	for name, change := range map[string]func(*Request){
		"method":                func(q *Request) { q.Passed.Method = "GET" },
		"host":                  func(q *Request) { q.Host = "b" },
		"path":                  func(q *Request) { q.Passed.Path = "/q" },
		"path before rewriting": func(q *Request) { q.Asked.Path = "/q" },
		"query":                 func(q *Request) { q.Passed.Query = "x=1&y=2" },
		"order of values":       func(q *Request) { q.Passed.Query = "x=3&y=2&x=1" },
		"malformed query":       func(q *Request) { q.Passed.Query += "&%zz" },
		"principal":             func(q *Request) { q.Principal = "bob" },
		"anonymous":             func(q *Request) { q.Principal = "" },
		"media type":            func(q *Request) { q.Type = "multipart/form-data; boundary=a" },
		"body":                  func(q *Request) { q.Body = []byte("[]") },
	} {
		other := base
		change(&other)
		if base.Key() == other.Key() {
			t.Errorf("another %s has the same key", name)
		}
	}
}

func TestNoTwoRequestsShareAKey(t *testing.T) {
	part := rapid.StringMatching(`[ab]{0,3}`)
	target := rapid.Custom(func(t *rapid.T) Target {
		return Target{Method: part.Draw(t, "method"), Path: part.Draw(t, "path")}
	})
	request := rapid.Custom(func(t *rapid.T) Request {
		return Request{
			Host: part.Draw(t, "host"), Asked: target.Draw(t, "asked"), Passed: target.Draw(t, "passed"),
			Principal: part.Draw(t, "principal"), Body: []byte(part.Draw(t, "body")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := request.Draw(t, "a"), request.Draw(t, "b")
		same := a.Host == b.Host && a.Asked == b.Asked && a.Passed == b.Passed &&
			a.Principal == b.Principal && string(a.Body) == string(b.Body)
		if same != (a.Key() == b.Key()) {
			t.Fatalf("same = %v, keys %x %x", same, a.Key(), b.Key())
		}
	})
}

func TestStorable(t *testing.T) {
	tests := []struct {
		name      string
		request   http.Header
		anonymous bool
		status    int
		response  http.Header
		want      bool
	}{
		{name: "JSON", response: http.Header{"Content-Type": {"application/json"}}, want: true},
		{name: "private, of a principal", response: http.Header{"Cache-Control": {"private, max-age=5"}}, want: true},
		{name: "private, of nobody", anonymous: true, response: http.Header{"Cache-Control": {"private"}}},
		{name: "of nobody", anonymous: true, want: true},
		{name: "created", status: 201},
		{name: "partial", status: 206},
		{name: "not found", status: 404},
		{name: "no-store", response: http.Header{"Cache-Control": {"max-age=60", "No-Store"}}},
		{name: "no-cache with fields", response: http.Header{"Cache-Control": {`no-cache="set-cookie"`}}},
		{name: "must-revalidate", response: http.Header{"Cache-Control": {"must-revalidate"}}},
		{name: "asked not to", request: http.Header{"Cache-Control": {"no-store"}}},
		{name: "asked for fresh", request: http.Header{"Cache-Control": {"no-cache"}}, want: true},
		{name: "cookie", response: http.Header{"Set-Cookie": {"a=b"}}},
		{name: "varies with everything", response: http.Header{"Vary": {"Accept, *"}}},
		{name: "varies", response: http.Header{"Vary": {"Accept-Language"}}, want: true},
		{name: "events", response: http.Header{"Content-Type": {"Text/Event-Stream; charset=utf-8"}}},
		{name: "lines", response: http.Header{"Content-Type": {"application/x-ndjson"}}},
		{name: "parts", response: http.Header{"Content-Type": {"multipart/mixed; boundary=x"}}},
		{name: "incremental", response: http.Header{"Incremental": {"?1"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, principal := test.status, "ann"
			if status == 0 {
				status = http.StatusOK
			}
			if test.anonymous {
				principal = ""
			}
			if got := Storable(test.request, principal, status, test.response); got != test.want {
				t.Errorf("Storable = %v", got)
			}
		})
	}
}

func TestAForbiddingDirectiveIsFoundHoweverItIsWritten(t *testing.T) {
	harmless := rapid.SampledFrom([]string{"", "max-age=60", "public", `ext="a"`, "x-no-store", "no-storeroom", "=", " "})
	forbidding := rapid.SampledFrom([]string{"no-store", "No-Store", " no-store ", "no-store=", `no-cache="a"`, "MUST-REVALIDATE"})
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfN(harmless, 0, 5).Draw(t, "harmless")
		write := func(members []string) http.Header {
			split := rapid.IntRange(0, len(members)).Draw(t, "split")
			return http.Header{"Cache-Control": {strings.Join(members[:split], ","), strings.Join(members[split:], ",")}}
		}
		if !Storable(nil, "ann", http.StatusOK, write(members)) {
			t.Fatalf("%q forbids", members)
		}
		at := rapid.IntRange(0, len(members)).Draw(t, "at")
		members = slices.Insert(members, at, forbidding.Draw(t, "forbidding"))
		if header := write(members); Storable(nil, "ann", http.StatusOK, header) {
			t.Fatalf("%q does not forbid", header)
		}
	})
}

func TestAClientMayInsistOnAFreshAnswer(t *testing.T) {
	for directive, want := range map[string]bool{"": true, "max-age=0": true, "no-cache": false, "no-store": false} {
		if got := AcceptsStale(http.Header{"Cache-Control": {directive}}); got != want {
			t.Errorf("%q accepts stale = %v", directive, got)
		}
	}
}
