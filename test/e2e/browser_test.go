package e2e

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/odordiff/odordiff/internal/eventually"
)

// told are the fields that every answer over TLS has.
var told = map[string]string{
	"Content-Security-Policy":           "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Embedder-Policy":      "require-corp",
	"Cross-Origin-Opener-Policy":        "same-origin",
	"Cross-Origin-Resource-Policy":      "same-origin",
	"Permissions-Policy":                "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
	"Referrer-Policy":                   "no-referrer",
	"Strict-Transport-Security":         "max-age=31536000",
	"X-Content-Type-Options":            "nosniff",
	"X-Frame-Options":                   "DENY",
	"X-Permitted-Cross-Domain-Policies": "none",
	"Server":                            "",
	"Via":                               "",
	"X-Powered-By":                      "",
}

func wantSecurityHeaders(t *testing.T, got answer) {
	t.Helper()
	for name, want := range told {
		if value := strings.Join(got.Header.Values(name), " | "); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	if id := got.Header.Values("X-Request-Id"); len(id) != 1 {
		t.Errorf("X-Request-Id: %q", id)
	}
	if len(got.Header.Values("Cache-Control")) != 1 {
		t.Errorf("Cache-Control: %q", got.Header.Values("Cache-Control"))
	}
}

const app = "https://app.example"

// startForApp runs a gateway that shares its answers with two origins.
func startForApp(t *testing.T, oldNew ...string) *edge {
	t.Helper()
	e := layout(t)
	e.env = append(e.env, "ODORDIFF_CORS_ORIGINS="+app+" http://localhost:3000")
	e.startWith(t, oldNew...)
	return e
}

// byApp is the header of a script of the app, with a credential.
func byApp(token string) http.Header {
	header := http.Header{"Content-Type": {"application/json"}, "Origin": {app}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header
}

// A script must be able to read why it was refused, and when to come back.
func TestAnswersOfEveryGateHaveTheirHeadersAndCanBeReadByTheApp(t *testing.T) {
	t.Parallel()
	e := startForApp(t, "rate 60/1m", "rate 2/1m")
	backend := e.startBackend(t)
	as := func(subject string) http.Header { return byApp(e.token(t, "--subject", subject)) }
	generate := func(header http.Header, body string) answer {
		return e.send(t, http.MethodPost, generatePath, header, body)
	}
	check := func(name string, status int, got answer) {
		t.Run(name, func(t *testing.T) {
			if got.StatusCode != status {
				t.Fatalf("%d, want %d: %s", got.StatusCode, status, got.body)
			}
			wantSecurityHeaders(t, got)
			if origin := got.Header.Values("Access-Control-Allow-Origin"); len(origin) != 1 || origin[0] != app {
				t.Errorf("shared with %q", origin)
			}
			if exposed := got.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Retry-After") {
				t.Errorf("exposed: %s", exposed)
			}
			if got.Header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("header %v", got.Header)
			}
		})
	}
	alice, frank := as("alice"), as("frank")
	check("an answer", http.StatusOK, generate(alice, prompt))
	check("gate_policy", http.StatusForbidden, generate(alice, `{"prompt": "an unmistakable sarin"}`))
	check("gate_limit", http.StatusTooManyRequests, generate(alice, prompt))
	check("gate_auth", http.StatusUnauthorized, generate(byApp(""), prompt))
	check("a schema", http.StatusUnprocessableEntity, generate(as("bob"), `{"prompt": 5}`))
	check("request_body", http.StatusRequestEntityTooLarge, generate(as("carol"), strings.Repeat(" ", 70<<10)))
	long := as("dave")
	long.Set("X-Long", strings.Repeat("x", 40<<10))
	check("gate_problem", http.StatusRequestHeaderFieldsTooLarge, generate(long, prompt))
	check("error", http.StatusNotFound, e.send(t, http.MethodGet, "/elsewhere", byApp(""), ""))
	check("gate_health", http.StatusOK, e.send(t, http.MethodGet, "/health/live", byApp(""), ""))
	check("a live answer", http.StatusOK, generate(frank, prompt))
	backend.kill()
	check("a stale answer", http.StatusOK, generate(frank, prompt))
	check("gate_fallback", http.StatusServiceUnavailable, generate(as("grace"), prompt))
}

func TestARefusalForCapacityCanBeReadByTheApp(t *testing.T) {
	t.Parallel()
	e := startForApp(t, "gate_capacity # more wait their turn", "gate_capacity {\n\t\tper_address 1\n\t\ttotal 1\n\t\twait 10ms\n\t}")
	body, rest := io.Pipe()
	defer rest.Close()
	held, err := http.NewRequest(http.MethodPost, e.url+generatePath, body)
	if err != nil {
		t.Fatal(err)
	}
	held.Header = byApp(e.token(t))
	go func() {
		if resp, err := e.client.Do(held); err == nil { // the gateway may stop first
			resp.Body.Close()
		}
	}()
	var got answer
	eventually.True(t, "the only place is taken", func() bool {
		got = e.send(t, http.MethodGet, "/health/live", byApp(""), "")
		return got.StatusCode != http.StatusOK
	})
	got.wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	wantSecurityHeaders(t, got)
	if origin := got.Header.Get("Access-Control-Allow-Origin"); origin != app {
		t.Errorf("shared with %q", origin)
	}
}

// A preflight has no credential. It is neither refused nor charged.
func TestAPreflightIsAnsweredBeforeItIsJudged(t *testing.T) {
	t.Parallel()
	e := startForApp(t, "rate 300/1m", "rate 1/1m") // for an address
	for range 3 {
		header := http.Header{
			"Origin": {app}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,content-type"},
			"Access-Control-Request-Private-Network": {"true"},
		}
		got := e.send(t, http.MethodOptions, generatePath, header, "")
		wantSecurityHeaders(t, got)
		want := map[string]string{
			"Access-Control-Allow-Origin": app, "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE", "Access-Control-Max-Age": "3600",
			"Access-Control-Allow-Credentials": "", "Access-Control-Allow-Private-Network": "", "RateLimit": "", "Vary": "Origin",
		}
		for name, value := range want {
			if got.Header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, got.Header.Get(name), value)
			}
		}
		if allowed := got.Header.Get("Access-Control-Allow-Headers"); got.StatusCode != http.StatusNoContent || !strings.Contains(allowed, "Authorization") {
			t.Errorf("%d, %s", got.StatusCode, allowed)
		}
	}
	for _, stranger := range []string{"https://evil.example", "null", "http://app.example", app + ".evil.example"} {
		header := http.Header{"Origin": {stranger}, "Access-Control-Request-Method": {"POST"}}
		got := e.send(t, http.MethodOptions, generatePath, header, "")
		if got.StatusCode != http.StatusNoContent || got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %d %v", stranger, got.StatusCode, got.Header)
		}
	}
}

func TestByDefaultNoOtherSiteReadsAnything(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	got := e.send(t, http.MethodPost, generatePath, byApp(e.token(t)), prompt)
	got.wantOK(t)
	for name := range got.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %s", name, got.Header.Get(name))
		}
	}
	asked := http.Header{"Origin": {app}, "Access-Control-Request-Method": {"POST"}}
	e.send(t, http.MethodOptions, generatePath, asked, "").wantProblem(t, http.StatusUnauthorized, "credential-missing")
}

func TestWhoMayKeepAnAnswer(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	const picture = "/api/v1/molecules/depict.svg?smiles=CCO"
	for path, want := range map[string]string{
		picture:                                "public, max-age=86400",
		"/api/v1/openapi.json":                 "public, max-age=86400",
		"/api/v1/molecules/similar?smiles=CCO": "private, max-age=0",
		"/api/v1/jobs":                         "no-store",
		"/health/live":                         "no-store",
		"/elsewhere":                           "no-store",
	} {
		got := e.send(t, http.MethodGet, path, header, "")
		if said := strings.Join(got.Header.Values("Cache-Control"), " | "); said != want {
			t.Errorf("%s: %q, want %q", path, said, want)
		}
	}
}

// unpack returns the body in clear.
func unpack(t *testing.T, got answer) string {
	t.Helper()
	body := io.Reader(strings.NewReader(string(got.body)))
	var err error
	switch encoding := got.Header.Get("Content-Encoding"); encoding {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "zstd":
		body, err = zstd.NewReader(body)
	case "":
	default:
		t.Fatalf("Content-Encoding: %s", encoding)
	}
	if err != nil {
		t.Fatal(err)
	}
	clear, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(clear)
}

// many is a request whose answer is worth compressing.
const many = `{"prompt": "fresh citrus over wet cedar", "num_molecules": 20, "engine": "library"}`

func TestAnswersArePackedForWhoAsks(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	const picture = "/api/v1/molecules/depict.svg?smiles=CC(C)=CCCC(C)=CCCC(C)=CCCC(C)(O)C=C"
	for _, c := range []struct {
		method, path, body, accepts, want string
	}{
		{http.MethodPost, generatePath, many, "gzip", "gzip"},
		{http.MethodPost, generatePath, many, "gzip, zstd", "zstd"},
		{http.MethodPost, generatePath, many, "zstd;q=0, gzip;q=0.5", "gzip"},
		{http.MethodPost, generatePath, many, "br", ""},
		{http.MethodPost, generatePath, many, "identity", ""},
		{http.MethodGet, picture, "", "gzip", "gzip"},
		{http.MethodGet, "/api/v1/openapi.json", "", "zstd", "zstd"},
		{http.MethodGet, "/health/live", "", "gzip", ""}, // too short
		{http.MethodGet, "/elsewhere", "", "gzip", ""},
	} {
		clear := header.Clone()
		clear.Set("Accept-Encoding", "identity")
		packed := header.Clone()
		packed.Set("Accept-Encoding", c.accepts)
		want, got := e.send(t, c.method, c.path, clear, c.body), e.send(t, c.method, c.path, packed, c.body)
		if encoding := got.Header.Get("Content-Encoding"); encoding != c.want {
			t.Errorf("%s for %q: %q, want %q", c.path, c.accepts, encoding, c.want)
			continue
		}
		if c.want == "" {
			continue
		}
		if len(got.body) >= len(want.body) || !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: %d bytes of %d, Vary %q", c.path, len(got.body), len(want.body), got.Header.Values("Vary"))
		}
		if length := got.ContentLength; length >= 0 && length != int64(len(got.body)) {
			t.Errorf("%s: Content-Length %d for %d bytes", c.path, length, len(got.body))
		}
		if text := unpack(t, got); withoutID(text) != withoutID(string(want.body)) {
			t.Errorf("%s: unpacked it is\n%.200s\nwant\n%.200s", c.path, text, want.body)
		}
	}
}

// withoutID takes out what differs from answer to answer.
func withoutID(body string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) != nil {
		return body
	}
	delete(fields, "request_id")
	delete(fields, "elapsed_ms")
	return fmt.Sprint(fields)
}

func TestAPackedAnswerIsAskedForByItsOwnTag(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := bearer(e.token(t))
	header.Set("Accept-Encoding", "gzip")
	const path = "/api/v1/molecules/depict.svg?smiles=CC(C)=CCCC(C)=CCCC(C)=CCCC(C)(O)C=C"
	first := e.send(t, http.MethodGet, path, header, "")
	tag := first.Header.Get("ETag")
	if !strings.HasSuffix(tag, `-gzip"`) {
		t.Fatalf("ETag: %s", tag)
	}
	head := e.send(t, http.MethodHead, path, header, "")
	if head.StatusCode != http.StatusOK || head.Header.Get("Content-Encoding") != "gzip" || head.Header.Get("ETag") != tag || len(head.body) != 0 {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	header.Set("If-None-Match", tag)
	if again := e.send(t, http.MethodGet, path, header, ""); again.StatusCode != http.StatusNotModified || len(again.body) != 0 {
		t.Errorf("%d, %d bytes", again.StatusCode, len(again.body))
	}
}

// The ladder keeps what the backend said, in clear, whoever asked for it.
func TestAStaleAnswerIsPackedForWhoAsksNow(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	backend := e.startBackend(t)
	header := bearer(e.token(t))
	ask := func(accepts string) answer {
		header.Set("Accept-Encoding", accepts)
		return e.send(t, http.MethodPost, generatePath, header, many)
	}
	live := ask("gzip")
	backend.kill()
	for _, encoding := range []string{"identity", "zstd", "gzip"} {
		got := ask(encoding)
		if by := got.Header.Get("Gate-Served-By"); by != "stale" || got.Header.Get("Content-Encoding") != strings.TrimPrefix(encoding, "identity") {
			t.Fatalf("%s: served by %q, packed with %q", encoding, by, got.Header.Get("Content-Encoding"))
		}
		if unpack(t, got) != unpack(t, live) {
			t.Errorf("%s: another answer than before", encoding)
		}
	}
}

func TestTimesAreToldToOperatorsAlone(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.env = append(e.env, "ODORDIFF_SERVER_TIMING=operator")
	e.startWith(t)
	e.startBackend(t)
	ask := func(body string, scopes ...string) string {
		got := e.generate(t, e.token(t, scopes...), body)
		return strings.Join(got.Header.Values("Server-Timing"), " | ")
	}
	if told := ask(prompt); told != "" {
		t.Errorf("a stranger is told %s", told)
	}
	const time = `;dur=[0-9.]+`
	gates := `^gate_capacity` + time + `, gate_auth` + time + `, gate_limit` + time + `, gate_policy` + time
	for body, want := range map[string]string{
		prompt:                                gates + `, gate_fallback` + time + `, upstream` + time + `, total` + time + `$`,
		`{"prompt": "an unmistakable sarin"}`: gates + `, total` + time + `$`,
	} {
		if told := ask(body, "--scope", "generate", "--scope", "operator"); !regexp.MustCompile(want).MatchString(told) {
			t.Errorf("%s: an operator is told %q", body, told)
		}
	}
}
