package doctor

import (
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/problem"
)

const credential = "good"

// edge is one that behaves, until a test replaces what it does for a request.
type edge struct {
	headers []string
	// instead answers a request in place of the good behaviour, and reports
	// whether it did.
	instead func(w http.ResponseWriter, r *http.Request, prompt string) bool
}

func newEdge() *edge {
	return &edge{
		headers: []string{
			"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "X-Request-Id", "Strict-Transport-Security",
		},
		instead: func(http.ResponseWriter, *http.Request, string) bool { return false },
	}
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, field := range e.headers {
		w.Header().Set(field, "set")
	}
	var body struct {
		Prompt string `json:"prompt"`
		Count  any    `json:"num_molecules"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	authorization := r.Header.Get("Authorization")
	_, counted := body.Count.(float64)
	switch {
	case e.instead(w, r, body.Prompt):
	case r.URL.Path == "/health":
		_, _ = io.WriteString(w, `{"status": "ok"}`)
	case r.URL.Path != generatePath:
		_, _ = io.WriteString(w, "{}")
	case httpsig.Present(r.Header):
		generate(w)
	case authorization == "":
		refuse(w, problem.CredentialMissing)
	case authorization != "Bearer "+credential:
		refuse(w, problem.CredentialInvalid)
	case strings.Contains(body.Prompt, "nerve agent"):
		refuse(w, problem.PolicyDenied)
	case !counted:
		refuse(w, problem.Invalid)
	default:
		generate(w)
	}
}

func refuse(w http.ResponseWriter, kind *problem.Kind) {
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(kind.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"type": kind.URI()})
}

func generate(w http.ResponseWriter) {
	w.Header().Set("Gate-Served-By", "live")
	_, _ = io.WriteString(w, `{"engine": "library", "molecules": [{"smiles": "CC1=CCC(CC1)C(C)=C"}]}`)
}

// answering returns a stand-in for the edge at one path.
func answering(path string, status int, mediaType, body string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		unknown := r.Header.Get("Authorization") != "Bearer "+credential && !httpsig.Present(r.Header)
		if r.URL.Path != path || path == generatePath && unknown {
			return false
		}
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// serve starts a TLS edge and returns it with a file of its certificate
// authority.
func serve(t *testing.T, handler http.Handler) (server *httptest.Server, rootFile string) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	rootFile = filepath.Join(t.TempDir(), "root.crt")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(rootFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return server, rootFile
}

func newDoctor(t *testing.T, cfg Config) *Doctor {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// examine examines the edge over TLS with a good credential.
func examine(t *testing.T, handler http.Handler) []Finding {
	t.Helper()
	server, rootFile := serve(t, handler)
	return newDoctor(t, Config{URL: server.URL, RootFile: rootFile, Credential: credential + "\n", Key: signingKey(t)}).Examine(t.Context())
}

func signingKey(t *testing.T) *keyring.Key {
	t.Helper()
	keys, err := keyring.New(keyring.Generate())
	if err != nil {
		t.Fatal(err)
	}
	key, ok := keys.First(keyring.HMACSHA256, time.Now())
	if !ok {
		t.Fatal("the keyring has no key for signatures")
	}
	return &key
}

func TestEveryProbePassesOnAnEdgeThatBehaves(t *testing.T) {
	findings := examine(t, newEdge())
	want := []string{
		"/health/live answered in ", "TLS 1.3, HTTP/2.0, expires in ", "/health/ready answered in ", "/health says ok", "Strict-Transport-Security",
		"401 credential-missing", "401 credential-invalid", `CC1=CCC(CC1)C(C)=C by the library engine, rung live`, "by the key dev-signature",
		"422 invalid-request", "403 policy-denied",
	}
	if len(findings) != len(want) {
		t.Fatalf("%d findings, want %d: %+v", len(findings), len(want), findings)
	}
	for i, f := range findings {
		if f.Err != nil || f.Skipped || !strings.Contains(f.Detail, want[i]) {
			t.Errorf("%s: %q (error %v, skipped %t), want %q", f.Name, f.Detail, f.Err, f.Skipped, want[i])
		}
	}
}

func TestOneFaultFailsOneProbe(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(*edge)
		probe string
		want  string
	}{
		"not ready": {
			func(e *edge) { e.instead = answering("/health/ready", 503, "text/plain", "starting\n soon") },
			"the gateway is ready", "/health/ready answered 503: starting soon",
		},
		"a backend that is gone, behind a stale answer": {
			func(e *edge) {
				e.instead = func(w http.ResponseWriter, r *http.Request, prompt string) bool {
					kept := strings.Contains(prompt, "wet cedar") && r.Header.Get("Authorization") == "Bearer "+credential
					if kept {
						w.Header().Set("Gate-Served-By", "stale")
						_, _ = io.WriteString(w, `{"molecules": [{"smiles": "C"}]}`)
					}
					return kept
				}
			},
			"a prompt is answered with molecules", `Gate-Served-By is "stale", want live`,
		},
		"nonces that are not written down": {
			func(e *edge) {
				e.instead = func(w http.ResponseWriter, r *http.Request, _ string) bool {
					if signed := httpsig.Present(r.Header); !signed {
						return false
					}
					refuse(w, problem.AuthUnavailable)
					return true
				}
			},
			"a signed request is answered", "answered 503",
		},
		"a check that failed": {
			func(e *edge) {
				e.instead = answering("/health", 200, "application/json",
					`{"status": "degraded", "checks": [{"name": "disk", "status": "ok"}, {"name": "redis", "status": "failed", "detail": "READONLY"}]}`)
			},
			"the gateway's own checks pass", "/health says degraded: redis is failed (READONLY)",
		},
		"checks that are not shown": {
			func(e *edge) { e.instead = answering("/health", 200, "application/json", `{"status": "degraded"}`) },
			"the gateway's own checks pass", "name the token of an operator with --token-file",
		},
		"no checks at all": {
			func(e *edge) { e.instead = answering("/health", 404, "text/plain", "not here") },
			"the gateway's own checks pass", "/health answered 404: not here",
		},
		"headers left out": {
			func(e *edge) { e.headers = e.headers[:2] },
			"security headers are set", "missing: Referrer-Policy, X-Request-Id, Strict-Transport-Security",
		},
		"an open door": {
			func(e *edge) { e.instead = generatingFor("") },
			"a request without a credential is refused", "want 401 credential-missing, got 200",
		},
		"unsigned tokens taken": {
			func(e *edge) { e.instead = generatingFor("Bearer eyJ") },
			"an unsigned token is refused", "want 401 credential-invalid, got 200",
		},
		"a refusal of another kind": {
			func(e *edge) {
				e.instead = func(w http.ResponseWriter, r *http.Request, _ string) bool {
					missing := r.URL.Path == generatePath && r.Header.Get("Authorization") == "" && !httpsig.Present(r.Header)
					if missing {
						refuse(w, problem.CredentialExpired)
					}
					return missing
				}
			},
			"a request without a credential is refused", "want 401 credential-missing, got 401: {\"type\":",
		},
		"a policy that allows": {
			func(e *edge) { e.instead = generatingOn("nerve agent") },
			"the policy refuses a dangerous prompt", "want 403 policy-denied, got 200",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge()
			test.fault(e)
			for _, f := range examine(t, e) {
				switch {
				case f.Name != test.probe && f.Err != nil:
					t.Errorf("%s fails too: %v", f.Name, f.Err)
				case f.Name == test.probe && (f.Err == nil || !strings.Contains(f.Err.Error(), test.want)):
					t.Errorf("%s: error is %v, want %q", f.Name, f.Err, test.want)
				}
			}
		})
	}
}

// generatingFor takes every credential that begins so; without one, only no
// credential.
func generatingFor(authorization string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		got := r.Header.Get("Authorization")
		taken := r.URL.Path == generatePath && strings.HasPrefix(got, authorization) && (authorization != "" || got == "")
		if taken {
			generate(w)
		}
		return taken
	}
}

// generatingOn answers every prompt with these words from those who may ask.
func generatingOn(words string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, prompt string) bool {
		taken := strings.Contains(prompt, words) && r.Header.Get("Authorization") == "Bearer "+credential
		if taken {
			generate(w)
		}
		return taken
	}
}

func TestWhatIsNoAnswerToAPromptIsQuoted(t *testing.T) {
	for name, test := range map[string]struct {
		status    int
		mediaType string
		body      string
		want      string
	}{
		"no molecules":   {200, "application/json", `{"molecules": []}`, `answered 200: {"molecules": []}`},
		"no JSON":        {200, "text/html", "<p>hello</p>", "answered 200: <p>hello</p>"},
		"a failure":      {503, "application/json", `{"molecules": [{"smiles": "C"}]}`, "answered 503: "},
		"nothing at all": {502, "text/plain", "", "answered 502: (an empty body)"},
		"too much":       {500, "text/plain", strings.Repeat("é", maxAnswer), "ééé…"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEdge()
			e.instead = answering(generatePath, test.status, test.mediaType, test.body)
			findings := examine(t, e)
			for i, probe := range []string{
				"a prompt is answered with molecules", "a signed request is answered", "a wrong field is named", "the policy refuses a dangerous prompt",
			} {
				f := findings[7+i]
				if f.Name != probe || f.Err == nil {
					t.Fatalf("%s: error is %v, want %s to fail", f.Name, f.Err, probe)
				}
			}
			if err := findings[7].Err; !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestABusyHostIsAWarningAndNoFailure(t *testing.T) {
	e := newEdge()
	e.instead = answering("/health", 200, "application/json",
		`{"status": "degraded", "checks": [{"name": "load", "status": "degraded", "detail": "the load is 9.00 per CPU"}]}`)
	for _, f := range examine(t, e) {
		if f.Err != nil {
			t.Errorf("%s: %v", f.Name, f.Err)
		}
		if busy := f.Name == "the gateway's own checks pass"; f.Warning != busy || busy && !strings.Contains(f.Detail, "9.00 per CPU") {
			t.Errorf("%s: warning %t: %s", f.Name, f.Warning, f.Detail)
		}
	}
}

func TestNoPromptIsSentTwice(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		body := freshPrompt()
		if !json.Valid([]byte(body)) || seen[body] {
			t.Fatalf("%s was sent before, or is no JSON", body)
		}
		seen[body] = true
	}
}

func TestALaxSchemaIsFound(t *testing.T) {
	e := newEdge()
	e.instead = generatingOn("fresh citrus")
	i := slices.IndexFunc(examine(t, e), func(f Finding) bool {
		return f.Err != nil && strings.Contains(f.Err.Error(), "want 422 invalid-request, got 200")
	})
	if i != 9 {
		t.Errorf("finding %d says it, want the one about a wrong field", i)
	}
}

func TestNothingElseIsProbedWhereNobodyAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		"an error":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "answered 500"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, "answered 302"},
		"a cut":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "/health/live"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := examine(t, http.HandlerFunc(test.answer))
			if len(findings) != 1 || findings[0].Err == nil || !strings.Contains(findings[0].Err.Error(), test.want) {
				t.Errorf("findings are %+v, want one with %q", findings, test.want)
			}
		})
	}
}

func TestAnEdgeThatIsGoneSaysSo(t *testing.T) {
	server, rootFile := serve(t, newEdge())
	server.Close()
	f := newDoctor(t, Config{URL: server.URL, RootFile: rootFile}).Live(t.Context())
	if f.Err == nil || !strings.Contains(f.Err.Error(), "connection refused") {
		t.Errorf("error is %v", f.Err)
	}
}

func TestAnUnknownCertificateAuthorityNamesTheFlag(t *testing.T) {
	server, _ := serve(t, newEdge())
	f := newDoctor(t, Config{URL: server.URL}).Live(t.Context())
	if f.Err == nil || !strings.Contains(f.Err.Error(), "--cacert") {
		t.Errorf("error is %v, want one that names --cacert", f.Err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(newEdge())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	f := newDoctor(t, Config{URL: server.URL}).Live(t.Context())
	if f.Err == nil || !strings.Contains(f.Err.Error(), "protocol version") {
		t.Errorf("error is %v, want one about the protocol version", f.Err)
	}
}

func TestASlowAnswerIsGivenUp(t *testing.T) {
	for name, begin := range map[string]string{"nothing comes": "", "a part comes": "{"} {
		t.Run(name, func(t *testing.T) {
			server, rootFile := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if begin != "" {
					_, _ = io.WriteString(w, begin)
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			}))
			d := newDoctor(t, Config{URL: server.URL, RootFile: rootFile})
			d.client.Timeout = 200 * time.Millisecond
			f := d.Live(t.Context())
			if f.Err == nil || !strings.Contains(f.Err.Error(), "no whole answer within 200ms") {
				t.Errorf("error is %v", f.Err)
			}
		})
	}
}

func TestAPlainEdgeNeedsNoTLS(t *testing.T) {
	e := newEdge()
	e.headers = e.headers[:4] // without Strict-Transport-Security
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	for _, f := range newDoctor(t, Config{URL: server.URL, Credential: credential, Key: signingKey(t)}).Examine(t.Context()) {
		if f.Err != nil {
			t.Errorf("%s: %v", f.Name, f.Err)
		}
		if want := strings.HasPrefix(f.Name, "TLS"); f.Skipped != want {
			t.Errorf("%s: skipped %t, want %t", f.Name, f.Skipped, want)
		}
	}
}

func TestWithoutACredentialWhatNeedsOneIsSkipped(t *testing.T) {
	server, rootFile := serve(t, newEdge())
	var skipped []string
	for _, f := range newDoctor(t, Config{URL: server.URL, RootFile: rootFile}).Examine(t.Context()) {
		if f.Err != nil {
			t.Errorf("%s: %v", f.Name, f.Err)
		}
		if f.Skipped {
			skipped = append(skipped, f.Name)
			if !strings.Contains(f.Detail, "--token-file") && !strings.Contains(f.Detail, "--keyring") {
				t.Errorf("%s: %q names neither --token-file nor --keyring", f.Name, f.Detail)
			}
		}
	}
	want := []string{"a prompt is answered with molecules", "a signed request is answered", "a wrong field is named", "the policy refuses a dangerous prompt"}
	if !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
}

func TestNewRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	const good = "https://localhost:8443"
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"no URL":            {Config{}, `url "": want https://host:port`},
		"no scheme":         {Config{URL: "localhost:8443"}, "want https://host:port"},
		"another scheme":    {Config{URL: "ftp://localhost"}, "want https://host:port"},
		"no host":           {Config{URL: "https:///health"}, "want https://host:port"},
		"not even a URL":    {Config{URL: "https://[::1"}, "want https://host:port"},
		"no such root file": {Config{URL: good, RootFile: "/no/such/file"}, "reading the certificate authority: open /no/such/file"},
		"no certificate":    {Config{URL: good, RootFile: empty}, "empty.pem holds no PEM certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(test.cfg); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}
