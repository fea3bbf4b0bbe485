package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/goleak"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	_ "github.com/odordiff/odordiff/caddymodule/problem"
	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

func secretOf(letter string) keyring.Secret { return keyring.Secret(strings.Repeat(letter, 32)) }

var (
	tokenKey  = keyring.Key{ID: "tokens", Algorithm: keyring.HS256, Secret: secretOf("t")}
	forgedKey = keyring.Key{ID: "tokens", Algorithm: keyring.HS256, Secret: secretOf("x")}
	adaKey    = keyring.Key{
		ID: "ada-key", Algorithm: keyring.HMACSHA256, Secret: secretOf("a"),
		Principal: "ada", Tenant: "acme", Scopes: []string{"generate"},
	}
	eveKey = keyring.Key{ID: "eve-key", Algorithm: keyring.HMACSHA256, Secret: secretOf("e"), Principal: "eve"}
)

const (
	jwtBlock       = "jwt {\n issuer odordiff\n audience odordiff\n require_scope generate\n}\n"
	signatureBlock = "signature {\n require_scope generate\n max_body 1KiB\n}\n"
)

// fixture is an edge with a keyring, in front of an upstream that remembers its
// last request.
type fixture struct {
	*edgetest.Edge
	t        *testing.T
	keyring  string
	redis    string
	upstream *httptest.Server
	// last is the header, trailer the trailer, and body the body, of the last
	// request that reached the upstream.
	last    http.Header
	trailer http.Header
	body    string
}

// start runs the edge with these directives before the proxy.
func start(t *testing.T, directives string) *fixture {
	t.Helper()
	f := &fixture{t: t, keyring: filepath.Join(t.TempDir(), "keyring.json")}
	if err := (keyring.Keys{tokenKey, adaKey, eveKey}).Write(f.keyring); err != nil {
		t.Fatal(err)
	}
	f.upstream = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("upstream: reading the body: %v", err)
		}
		f.last, f.trailer, f.body = r.Header, r.Trailer, string(body)
	}))
	t.Cleanup(f.upstream.Close)
	f.Edge = edgetest.Start(t, "respond 204")
	f.load(directives)
	return f
}

// load replaces the directives, as a reload does.
func (f *fixture) load(directives string) {
	f.t.Helper()
	f.loadEdited(directives, func(map[string]any) {})
}

func (f *fixture) loadEdited(directives string, edit func(config map[string]any)) {
	f.t.Helper()
	site := "route {\n" + directives + "\n header X-User {http.auth.user.id}/{http.auth.user.tenant}/{http.auth.user.scopes}/{http.auth.user.method}\n" +
		"reverse_proxy " + f.upstream.Listener.Addr().String() + "\n}\nhandle_errors {\n gate_problem\n}\n"
	f.LoadEdited(site, func(raw []byte) []byte {
		var config map[string]any
		if err := json.Unmarshal(raw, &config); err != nil {
			f.t.Fatal(err)
		}
		app := map[string]any{"keyring": f.keyring}
		if f.redis != "" {
			app["redis"] = map[string]any{"url": f.redis}
		}
		config["apps"].(map[string]any)["gate"] = app
		edit(config)
		edited, err := json.Marshal(config)
		if err != nil {
			f.t.Fatal(err)
		}
		return edited
	})
}

// answer is a response with its problem.
type answer struct {
	*http.Response
	Problem struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	}
	body string
}

func (a answer) kind() string {
	_, name, _ := strings.Cut(a.Problem.Type, "#")
	return name
}

func (f *fixture) request(body string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.URL+"/api/v1/generate", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) do(r *http.Request) answer {
	f.t.Helper()
	f.last, f.body = nil, ""
	response, err := f.Client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{Response: response, body: string(body)}
	if response.StatusCode >= 400 {
		if err := json.Unmarshal(body, &a.Problem); err != nil {
			f.t.Fatalf("status %d with %q: %v", response.StatusCode, body, err)
		}
		if f.last != nil {
			f.t.Errorf("a refused request (status %d) reached the upstream", response.StatusCode)
		}
	}
	return a
}

// mint makes a token of ada's, good for an hour, with changes.
func mint(t *testing.T, key keyring.Key, change func(*token.Claims)) string {
	t.Helper()
	claims := token.Claims{
		Subject: "ada", Tenant: "acme", Issuer: "odordiff", Audience: []string{"odordiff"}, Scopes: []string{"generate", "read"},
		IssuedAt: time.Now(), Expiry: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(&claims)
	}
	raw, err := token.Mint(key, claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func withToken(r *http.Request, raw string) *http.Request {
	r.Header.Set("Authorization", "Bearer "+raw)
	return r
}

// sign signs the request with its body.
func sign(t *testing.T, r *http.Request, key keyring.Key, created time.Time) *http.Request {
	t.Helper()
	reader, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	m := httpsig.Message{Method: r.Method, Scheme: "http", Authority: r.URL.Host, Target: r.URL.RequestURI(), Header: r.Header}
	if err := httpsig.Sign(m, body, key, nil, created); err != nil {
		t.Fatal(err)
	}
	return r
}

const prompt = `{"prompt": "fresh citrus over wet cedar"}`

func TestTokens(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}")
	const invalid = `Bearer realm="gate", error="invalid_token"`
	for name, test := range map[string]struct {
		authorization []string
		status        int
		kind          string
		challenge     string
	}{
		"good":            {[]string{"Bearer " + mint(t, tokenKey, nil)}, 200, "", ""},
		"any case":        {[]string{"bEARER   " + mint(t, tokenKey, nil)}, 200, "", ""},
		"none":            {nil, 401, "credential-missing", `Bearer realm="gate"`},
		"another scheme":  {[]string{"Basic YTpi"}, 401, "credential-invalid", `Bearer realm="gate"`},
		"no token":        {[]string{"Bearer "}, 401, "credential-invalid", invalid},
		"two fields":      {[]string{"Basic YTpi", "Bearer " + mint(t, tokenKey, nil)}, 401, "credential-invalid", invalid},
		"not a token":     {[]string{"Bearer hello"}, 401, "credential-invalid", invalid},
		"forged":          {[]string{"Bearer " + mint(t, forgedKey, nil)}, 401, "credential-invalid", invalid},
		"expired":         {[]string{"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.Expiry = time.Now().Add(-time.Minute) })}, 401, "credential-expired", invalid},
		"too early":       {[]string{"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.NotBefore = time.Now().Add(time.Hour) })}, 401, "credential-invalid", invalid},
		"wrong audience":  {[]string{"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.Audience = []string{"x"} })}, 401, "credential-invalid", invalid},
		"wrong issuer":    {[]string{"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.Issuer = "x" })}, 401, "credential-invalid", invalid},
		"another's scope": {[]string{"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.Scopes = []string{"read"} })}, 403, "scope-insufficient", `Bearer realm="gate", error="insufficient_scope", scope="generate"`},
		"oversize":        {[]string{"Bearer " + strings.Repeat("x", 9000)}, 401, "credential-invalid", invalid},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.request(prompt)
			r.Header["Authorization"] = test.authorization
			a := f.do(r)
			if a.StatusCode != test.status || a.kind() != test.kind {
				t.Fatalf("status %d %q: %s, want %d %q", a.StatusCode, a.kind(), a.body, test.status, test.kind)
			}
			if challenge := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, test.challenge) || (challenge == "") != (test.challenge == "") {
				t.Errorf("challenge %q, want %q", challenge, test.challenge)
			}
		})
	}
}

func TestThePrincipalReachesTheUpstreamAndTheCredentialDoesNot(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+signatureBlock+"}")
	for method, r := range map[string]*http.Request{
		"jwt":       withToken(f.request(prompt), mint(t, tokenKey, func(c *token.Claims) { c.Scopes = []string{"generate"} })),
		"signature": sign(t, f.request(prompt), adaKey, time.Now()),
	} {
		t.Run(method, func(t *testing.T) {
			a := f.do(r)
			if a.StatusCode != http.StatusOK || f.body != prompt {
				t.Fatalf("status %d: %s; upstream got %q", a.StatusCode, a.body, f.body)
			}
			for field, want := range map[string]string{
				"Gate-Principal": "ada", "Gate-Tenant": "acme", "Gate-Scopes": "generate", "Gate-Auth-Method": method,
				"Authorization": "", "Signature": "", "Signature-Input": "",
			} {
				if got := f.last.Get(field); got != want {
					t.Errorf("upstream got %s: %q, want %q", field, got, want)
				}
			}
			if got, want := a.Header.Get("X-User"), "ada/acme/generate/"+method; got != want {
				t.Errorf("placeholders are %q, want %q", got, want)
			}
		})
	}
}

func TestForwardCredentialLeavesItIn(t *testing.T) {
	f := start(t, "gate_auth {\n forward_credential\n"+jwtBlock+"}")
	raw := mint(t, tokenKey, nil)
	if a := f.do(withToken(f.request(prompt), raw)); a.StatusCode != http.StatusOK || f.last.Get("Authorization") != "Bearer "+raw {
		t.Errorf("status %d, upstream got Authorization %q", a.StatusCode, f.last.Get("Authorization"))
	}
}

func TestAClientCannotPassItselfOff(t *testing.T) {
	f := start(t, "gate_auth {\n optional\n"+jwtBlock+"}")
	pretend := func() *http.Request {
		r := f.request(prompt)
		for _, name := range []string{"Gate-Principal", "gate-tenant", "GATE-Scopes", "Gate-Auth-Method", "Gate-Anything"} {
			r.Header[name] = []string{"root", "admin"}
		}
		r.Header["Connection"] = []string{"Gate-Principal, keep-alive", "gate-tenant"}
		return r
	}
	t.Run("anonymous", func(t *testing.T) {
		if a := f.do(pretend()); a.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", a.StatusCode, a.body)
		}
		for name := range f.last {
			if strings.HasPrefix(strings.ToLower(name), "gate-") {
				t.Errorf("upstream got %s: %q", name, f.last[name])
			}
		}
	})
	t.Run("in a trailer", func(t *testing.T) {
		r := pretend()
		r.ContentLength = -1
		r.Trailer = http.Header{"Gate-Principal": {"root"}}
		if a := f.do(r); a.StatusCode != http.StatusOK || f.body != prompt {
			t.Fatalf("status %d: %s; upstream got the body %q", a.StatusCode, a.body, f.body)
		}
		if len(f.trailer) != 0 {
			t.Errorf("upstream got the trailer %q", f.trailer)
		}
	})
	t.Run("with a credential", func(t *testing.T) {
		f.do(withToken(pretend(), mint(t, tokenKey, nil)))
		for name, want := range map[string]string{"Gate-Principal": "ada", "Gate-Tenant": "acme", "Gate-Scopes": "generate read", "Gate-Anything": ""} {
			if got := strings.Join(f.last.Values(name), "|"); got != want {
				t.Errorf("upstream got %s: %q, want %q", name, got, want)
			}
		}
	})
}

func TestSeveralCredentials(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"signature\n}")
	good, bad := mint(t, tokenKey, nil), mint(t, forgedKey, nil)
	signed := func(key keyring.Key) *http.Request { return sign(t, f.request(prompt), key, time.Now()) }
	broken := func() *http.Request {
		r := signed(adaKey)
		r.Header.Set("Signature", "sig1=:AAAA:")
		return r
	}
	for name, test := range map[string]struct {
		request *http.Request
		status  int
	}{
		"both good":                    {withToken(signed(adaKey), good), 200},
		"both good, of two principals": {withToken(signed(eveKey), good), 401},
		"the token bad":                {withToken(signed(adaKey), bad), 401},
		"the signature bad":            {withToken(broken(), good), 401},
	} {
		t.Run(name, func(t *testing.T) {
			if a := f.do(test.request); a.StatusCode != test.status {
				t.Errorf("status %d: %s, want %d", a.StatusCode, a.body, test.status)
			}
		})
	}
}

func TestTheSameSubjectOfTwoIssuersSharesNothing(t *testing.T) {
	f := start(t, "gate_auth {\n jwt {\n issuer odordiff partner\n audience odordiff\n}\n}")
	for _, issuer := range []string{"odordiff", "partner"} {
		raw := mint(t, tokenKey, func(c *token.Claims) { c.Issuer = issuer })
		a := f.do(withToken(f.request(prompt), raw))
		want := issuer + "|ada"
		if got, _, _ := strings.Cut(a.Header.Get("X-User"), "/"); got != want {
			t.Errorf("{http.auth.user.id} is %q, want %q", got, want)
		}
		if got := f.last.Get("Gate-Principal"); got != want {
			t.Errorf("Gate-Principal is %q, want %q", got, want)
		}
	}
}

func TestATokenWithAPublicKeyOfTheJWKSFile(t *testing.T) {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("e", 32)))
	encode := base64.RawURLEncoding.EncodeToString
	file := filepath.Join(t.TempDir(), "jwks.json")
	set := fmt.Sprintf(`{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "id", "x": %q}]}`, encode(key.Public().(ed25519.PublicKey)))
	if err := os.WriteFile(file, []byte(set), 0o644); err != nil {
		t.Fatal(err)
	}
	f := start(t, "gate_auth {\n jwt {\n issuer https://id.example\n audience odordiff\n jwks "+file+"\n}\n}")
	compose := func(algorithm string, sign func(input []byte) []byte) string {
		claims := fmt.Sprintf(`{"iss":"https://id.example","aud":"odordiff","sub":"ada","exp":%d}`, time.Now().Unix()+60)
		input := encode([]byte(`{"alg":"`+algorithm+`","kid":"id"}`)) + "." + encode([]byte(claims))
		return input + "." + encode(sign([]byte(input)))
	}
	if a := f.do(withToken(f.request(prompt), compose("EdDSA", func(input []byte) []byte { return ed25519.Sign(key, input) }))); a.StatusCode != 200 {
		t.Errorf("good: status %d: %s", a.StatusCode, a.body)
	}
	asSecret := func(input []byte) []byte {
		mac := hmac.New(sha256.New, key.Public().(ed25519.PublicKey))
		mac.Write(input)
		return mac.Sum(nil)
	}
	if a := f.do(withToken(f.request(prompt), compose("HS256", asSecret))); a.StatusCode != 401 {
		t.Errorf("the public key as a secret: status %d: %s", a.StatusCode, a.body)
	}
}

// echoed has the upstream see what the placeholders of a name and a plan are.
const echoed = `
request_header X-Name "<{http.auth.user.name}>"
request_header X-Plan "<{http.auth.user.plan}>"
request_header X-Jti "<{http.auth.user.jti}>"`

// claimsToken is a token of the keyring with any claims.
func claimsToken(t *testing.T, claims string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"alg":"HS256","kid":"tokens"}`)) + "." +
		encode(fmt.Appendf(nil, `{"iss":"odordiff","aud":"odordiff","sub":"ada","scope":"generate","exp":%d,%s}`, time.Now().Unix()+60, claims))
	mac := hmac.New(sha256.New, tokenKey.Secret)
	mac.Write([]byte(input))
	return input + "." + encode(mac.Sum(nil))
}

func TestAClaimThatIsNotPrintableIsNoPlaceholder(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}"+echoed)
	a := f.do(withToken(f.request(prompt), claimsToken(t, `"name":"Ada\r\nX-Admin: yes","plan":"gold"`)))
	if a.StatusCode != 200 {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	if name, plan := f.last.Get("X-Name"), f.last.Get("X-Plan"); strings.Contains(name, "Ada") || plan != "<gold>" {
		t.Errorf("the placeholders are %q and %q, want none and gold", name, plan)
	}
}

func TestPlaceholdersOfAnEarlierPrincipalAreGone(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}\ngate_auth {\n signature\n}"+echoed)
	a := f.do(withToken(sign(t, f.request(prompt), eveKey, time.Now()), claimsToken(t, `"name":"Ada","jti":"1"`)))
	if a.StatusCode != 200 || a.Header.Get("X-User") != "eve///signature" {
		t.Fatalf("status %d for %q: %s", a.StatusCode, a.Header.Get("X-User"), a.body)
	}
	if name, id := f.last.Get("X-Name"), f.last.Get("X-Jti"); strings.Contains(name, "Ada") || strings.Contains(id, "1") {
		t.Errorf("the claims of the earlier token are still there: %q and %q", name, id)
	}
}

func TestTwoInARowDemandBoth(t *testing.T) {
	f := start(t, "gate_auth {\n signature\n}\ngate_auth {\n"+jwtBlock+"}")
	raw := mint(t, tokenKey, nil)
	signed := func() *http.Request { return sign(t, f.request(prompt), eveKey, time.Now()) }
	for name, test := range map[string]struct {
		request *http.Request
		status  int
	}{
		"both":          {withToken(signed(), raw), 200},
		"the first":     {signed(), 401},
		"the second":    {withToken(f.request(prompt), raw), 401},
		"neither":       {f.request(prompt), 401},
		"the first bad": {withToken(sign(t, f.request(prompt), eveKey, time.Now().Add(-time.Hour)), raw), 401},
	} {
		t.Run(name, func(t *testing.T) {
			if a := f.do(test.request); a.StatusCode != test.status {
				t.Fatalf("status %d: %s, want %d", a.StatusCode, a.body, test.status)
			}
			if test.status == 200 && f.last.Get("Gate-Principal") != "ada" {
				t.Errorf("the principal is %q, want that of the last", f.last.Get("Gate-Principal"))
			}
		})
	}
}

func TestOptional(t *testing.T) {
	f := start(t, "gate_auth {\n optional\n"+jwtBlock+signatureBlock+"}")
	for name, test := range map[string]struct {
		header http.Header
		status int
	}{
		"no credential":      {http.Header{}, 200},
		"a good one":         {http.Header{"Authorization": {"Bearer " + mint(t, tokenKey, nil)}}, 200},
		"a bad one":          {http.Header{"Authorization": {"Bearer " + mint(t, forgedKey, nil)}}, 401},
		"a strange one":      {http.Header{"Authorization": {"Basic YTpi"}}, 401},
		"an empty one":       {http.Header{"Authorization": {"Bearer"}}, 401},
		"half a signature":   {http.Header{"Signature": {"x"}}, 401},
		"without the scope":  {http.Header{"Authorization": {"Bearer " + mint(t, tokenKey, func(c *token.Claims) { c.Scopes = []string{"x"} })}}, 403},
		"an empty signature": {http.Header{"Signature-Input": {""}}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.request(prompt)
			r.Header = test.header
			if a := f.do(r); a.StatusCode != test.status {
				t.Errorf("status %d: %s, want %d", a.StatusCode, a.body, test.status)
			}
		})
	}
}

func TestAnOptionalSecondKeepsTheFirstsPrincipal(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}\ngate_auth {\n optional\n signature\n}")
	f.do(withToken(f.request(prompt), mint(t, tokenKey, nil)))
	if got := f.last.Get("Gate-Principal"); got != "ada" {
		t.Errorf("the principal is %q, want the first's", got)
	}
}

func TestAKeyTakenOutOfTheFileEndsWithoutAReload(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}")
	r := func() *http.Request { return withToken(f.request(prompt), mint(t, tokenKey, nil)) }
	if a := f.do(r()); a.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	next := f.keyring + ".next"
	if err := os.WriteFile(next, []byte(`{"keys": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, f.keyring); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(15 * time.Second); f.do(r()).StatusCode != 401; {
		if time.Now().After(deadline) {
			t.Fatal("the key still counts")
		}
	}
}

func TestTheProvidersInsideCaddysOwnHandler(t *testing.T) {
	f := start(t, "gate_auth {\n"+jwtBlock+"}")
	f.loadEdited("gate_auth {\n"+jwtBlock+"}", func(config map[string]any) {
		replaceHandler(config, func(handler map[string]any) { handler["handler"] = "authentication" })
	})
	if a := f.do(withToken(f.request(prompt), mint(t, tokenKey, nil))); a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("X-User"), "ada/acme/generate read/jwt") {
		t.Errorf("status %d, placeholders %q", a.StatusCode, a.Header.Get("X-User"))
	}
	a := f.do(f.request(prompt))
	if a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") != `Bearer realm="gate"` {
		t.Errorf("without a credential: status %d, challenge %q", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	a = f.do(withToken(f.request(prompt), mint(t, forgedKey, nil)))
	if a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("forged: status %d, challenge %q", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
}

// replaceHandler edits the gate_auth handlers wherever they stand.
func replaceHandler(node any, edit func(map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		if n["handler"] == "gate_auth" {
			edit(n)
			return
		}
		for _, child := range n {
			replaceHandler(child, edit)
		}
	case []any:
		for _, child := range n {
			replaceHandler(child, edit)
		}
	}
}

func TestDecisionsAreCounted(t *testing.T) {
	f := start(t, "gate_auth {\n optional\n"+jwtBlock+"}")
	before := counters(t)
	f.do(withToken(f.request(prompt), mint(t, tokenKey, nil)))
	f.do(withToken(f.request(prompt), mint(t, forgedKey, nil)))
	f.do(f.request(prompt))
	after := counters(t)
	for series, want := range map[string]float64{"gate_jwt accepted": 1, "gate_jwt credential-invalid": 1, "none anonymous": 1} {
		if got := after[series] - before[series]; got != want {
			t.Errorf("%s went up by %v, want %v", series, got, want)
		}
	}
}

func counters(t *testing.T) map[string]float64 {
	t.Helper()
	active := caddy.ActiveContext()
	families, err := active.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "gate_auth_decisions_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			values[metric.GetLabel()[0].GetValue()+" "+metric.GetLabel()[1].GetValue()] = metric.GetCounter().GetValue()
		}
	}
	return values
}

// validate provisions a config with this handler, and takes it down again.
func validate(t *testing.T, handler string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyring.json")
	if err := keyring.Generate().Write(path); err != nil {
		t.Fatal(err)
	}
	full := fmt.Sprintf(`{"admin": {"disabled": true}, "apps": {"gate": {"keyring": %q}, "http": {"servers": {"s": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [%s]}]}}}}}`, path, handler)
	var config caddy.Config
	if err := json.Unmarshal([]byte(full), &config); err != nil {
		t.Fatal(err)
	}
	return caddy.Validate(&config)
}

func TestAConfigThatIsTakenDownLeavesNoGoroutine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	const set = `{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "id", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
	if err := os.WriteFile(file, []byte(set), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, issuers := range map[string]string{"good": `["a"]`, "refused after the file was opened": `[]`} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			err := validate(t, fmt.Sprintf(`{"handler": "gate_auth", "providers": {"gate_jwt": {"issuers": %s, "audiences": ["a"], "jwks": %q}}}`, issuers, file))
			if (err == nil) != (name == "good") {
				t.Fatalf("error is %v", err)
			}
			goleak.VerifyNone(t, before)
		})
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for want, config := range map[string]string{
		"providers: missing":               `{"handler": "gate_auth"}`,
		"issuer: missing":                  `{"handler": "gate_auth", "providers": {"gate_jwt": {"audiences": ["a"], "jwks": "testdata/jwks.json"}}}`,
		"audience: missing":                `{"handler": "gate_auth", "providers": {"gate_jwt": {"issuers": ["a"], "jwks": "testdata/jwks.json"}}}`,
		"algorithms: ES256 needs a JWKS":   `{"handler": "gate_auth", "providers": {"gate_jwt": {"issuers": ["a"], "audiences": ["a"], "algorithms": ["ES256"]}}}`,
		"jwks: opening JWKS: /no/such":     `{"handler": "gate_auth", "providers": {"gate_jwt": {"issuers": ["a"], "audiences": ["a"], "jwks": "/no/such"}}}`,
		`window: "2h" is not a duration`:   `{"handler": "gate_auth", "providers": {"gate_signature": {"window": "2h"}}}`,
		`components: "@status" is not`:     `{"handler": "gate_auth", "providers": {"gate_signature": {"components": ["@status"]}}}`,
		`max_body: "-1" is not a size`:     `{"handler": "gate_auth", "providers": {"gate_signature": {"max_body": -1}}}`,
		"issuer: unrecognized placeholder": `{"handler": "gate_auth", "providers": {"gate_jwt": {"issuers": ["{nothing.here}"], "audiences": ["a"]}}}`,
	} {
		t.Run(want, func(t *testing.T) {
			if err := validate(t, config); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want one with %q", err, want)
			}
		})
	}
}
