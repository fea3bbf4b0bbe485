package httpsig

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/nonce"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var partner = keyring.Key{
	ID: "partner", Algorithm: keyring.HMACSHA256, Secret: keyring.Secret(strings.Repeat("p", 32)),
	Principal: "partner", Scopes: []string{"generate"},
}

// keys has the partner's key, one that is over its time, and one for tokens.
func keys() *keyring.Keyring {
	retired, forTokens := partner, partner
	retired.ID, retired.Secret, retired.NotAfter = "retired", keyring.Secret(strings.Repeat("r", 32)), now
	forTokens.ID, forTokens.Secret, forTokens.Algorithm = "tokens", keyring.Secret(strings.Repeat("t", 32)), keyring.HS256
	k, err := keyring.New(keyring.Keys{partner, retired, forTokens})
	if err != nil {
		panic(err)
	}
	return k
}

func newVerifier(t testing.TB, rules Rules, store nonce.Store) *Verifier {
	t.Helper()
	if store == nil {
		store = nonce.NewMemory(0, func() time.Time { return now })
	}
	v, err := New(rules, keys(), store, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func post() Message {
	return Message{
		Method: "POST", Scheme: "https", Authority: "localhost:8443", Target: "/api/v1/generate",
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {"Tue, 24 Nov 2026 12:00:00 GMT"}},
	}
}

func verify(v *Verifier, m Message, body []byte) (keyring.Key, error) {
	return v.Verify(context.Background(), m, func() ([]byte, error) { return body, nil })
}

var prompt = []byte(`{"prompt": "fresh citrus over wet cedar"}`)

// signed is a good message with the prompt as its body.
func signed(t testing.TB) Message {
	t.Helper()
	m := post()
	if err := Sign(m, prompt, partner, nil, now); err != nil {
		t.Fatal(err)
	}
	return m
}

// resign signs whatever Signature-Input says, so that only the rules can
// object.
func resign(t testing.TB, m Message, secret []byte, parameters string) {
	t.Helper()
	m.Header.Set(fieldInput, "sig1="+parameters)
	m.Header.Set(fieldSignature, "sig1=:AAAA:")
	r, err := parse(m.Header, "")
	if err != nil {
		return // the verifier will say the same
	}
	text, err := base(m, r.input.components, r.input.list)
	if err != nil {
		return
	}
	m.Header.Set(fieldSignature, "sig1=:"+base64.StdEncoding.EncodeToString(sum(secret, text))+":")
}

// The example of RFC 9421, appendix B.2.5, with the message of B.2.
func TestTheSpecificationsOwnExample(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
	if err != nil {
		t.Fatal(err)
	}
	m := Message{
		Method: "POST", Scheme: "https", Authority: "example.com", Target: "/foo?param=Value&Pet=dog",
		Header: http.Header{
			"Date":           {"Tue, 20 Apr 2021 02:07:55 GMT"},
			"Content-Type":   {"application/json"},
			"Content-Digest": {"sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"},
			"Content-Length": {"18"},
			fieldInput:       {`sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`},
			fieldSignature:   {"sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"},
		},
	}
	r, err := parse(m.Header, "sig-b25")
	if err != nil {
		t.Fatal(err)
	}
	text, err := base(m, r.input.components, r.input.list)
	if err != nil {
		t.Fatal(err)
	}
	const want = `"date": Tue, 20 Apr 2021 02:07:55 GMT
"@authority": example.com
"content-type": application/json
"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`
	if text != want {
		t.Errorf("signature base is\n%s\nwant\n%s", text, want)
	}
	if !bytes.Equal(sum(secret, text), r.signature) {
		t.Error("the signature does not verify")
	}
	if r.input.keyID != "test-shared-secret" || !r.input.created.Equal(time.Unix(1618884473, 0)) {
		t.Errorf("parameters are %+v", r.input)
	}
	if err := checkDigest(m.Header, []byte(`{"hello": "world"}`)); err != nil {
		t.Errorf("the digest: %v", err)
	}
}

// The values of RFC 9421, section 2.2.
func TestDerivedComponents(t *testing.T) {
	m := Message{Method: "POST", Scheme: "HTTPS", Authority: "WWW.Example.com:443", Target: "/path%2Fa?param=value&x=%20"}
	bare := Message{Method: "GET", Scheme: "http", Authority: "www.example.com:8080", Target: "/"}
	absolute := Message{Method: "POST", Scheme: "https", Authority: "www.example.com", Target: "HTTPS://www.example.com/a?b=://c"}
	for _, test := range []struct {
		message    Message
		name, want string
	}{
		{absolute, "@path", "/a"},
		{absolute, "@query", "?b=://c"},
		{absolute, "@target-uri", "https://www.example.com/a?b=://c"},
		{absolute, "@request-target", "HTTPS://www.example.com/a?b=://c"},
		{Message{Target: "http://www.example.com"}, "@path", "/"},
		{Message{Target: "http://www.example.com?x"}, "@path", "/"},
		{Message{Target: "//www.example.com/a"}, "@path", "//www.example.com/a"},
		{Message{Target: "/a://b/c"}, "@path", "/a://b/c"},
		{m, "@method", "POST"},
		{m, "@scheme", "https"},
		{m, "@authority", "www.example.com"},
		{m, "@path", "/path%2Fa"},
		{m, "@query", "?param=value&x=%20"},
		{m, "@request-target", "/path%2Fa?param=value&x=%20"},
		{m, "@target-uri", "https://www.example.com/path%2Fa?param=value&x=%20"},
		{m, "host", "WWW.Example.com:443"},
		{bare, "@authority", "www.example.com:8080"},
		{bare, "@path", "/"},
		{bare, "@query", "?"},
		{Message{Target: "?x"}, "@path", "/"},
		{Message{Header: http.Header{"X-Many": {" a ", "b\t", ""}}}, "x-many", "a, b, "},
	} {
		if got, err := test.message.component(test.name); err != nil || got != test.want {
			t.Errorf("%s is %q (error %v), want %q", test.name, got, err, test.want)
		}
	}
}

func TestASignedRequestVerifiesOnce(t *testing.T) {
	v, m := newVerifier(t, Rules{Scopes: []string{"generate"}}, nil), signed(t)
	key, err := verify(v, m, prompt)
	if err != nil {
		t.Fatal(err)
	}
	if key.ID != "partner" {
		t.Errorf("key is %q", key.ID)
	}
	if _, err := verify(v, m, prompt); !errors.Is(err, ErrReplayed) {
		t.Errorf("second time: error is %v, want %v", err, ErrReplayed)
	}
}

func TestWithoutABodyNoDigestIsAskedFor(t *testing.T) {
	m := post()
	if err := Sign(m, nil, partner, nil, now); err != nil {
		t.Fatal(err)
	}
	if m.Header.Get(fieldDigest) != "" {
		t.Error("a digest of nothing was added")
	}
	if _, err := verify(newVerifier(t, Rules{}, nil), m, nil); err != nil {
		t.Error(err)
	}
}

func TestOneOfSeveralSignaturesIsChosenByLabel(t *testing.T) {
	m := signed(t)
	m.Header.Add(fieldInput, `proxy=("@method");created=1`)
	m.Header.Add(fieldSignature, "proxy=:AAAA:")
	if _, err := verify(newVerifier(t, Rules{}, nil), m, prompt); !errors.Is(err, ErrMalformed) {
		t.Errorf("without a label: error is %v, want %v", err, ErrMalformed)
	}
	if _, err := verify(newVerifier(t, Rules{Label: "sig1"}, nil), m, prompt); err != nil {
		t.Errorf("with the label: %v", err)
	}
	if _, err := verify(newVerifier(t, Rules{Label: "other"}, nil), m, prompt); !errors.Is(err, ErrMissing) {
		t.Errorf("with another label: error is %v, want %v", err, ErrMissing)
	}
}

func TestAChangedRequestIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(m *Message, body *[]byte)
		want   error
	}{
		"method":             {func(m *Message, _ *[]byte) { m.Method = "PUT" }, ErrSignature},
		"path":               {func(m *Message, _ *[]byte) { m.Target = "/api/v1/other" }, ErrSignature},
		"path's encoding":    {func(m *Message, _ *[]byte) { m.Target = "/api/v1/%67enerate" }, ErrSignature},
		"authority":          {func(m *Message, _ *[]byte) { m.Authority = "other:8443" }, ErrSignature},
		"a query added":      {func(m *Message, _ *[]byte) { m.Target += "?admin=1" }, ErrUncovered},
		"body":               {func(_ *Message, b *[]byte) { *b = []byte(`{"prompt": "musk"}`) }, ErrDigest},
		"body gone":          {func(_ *Message, b *[]byte) { *b = nil }, ErrDigest},
		"body longer":        {func(_ *Message, b *[]byte) { *b = append(slices.Clone(*b), ' ') }, ErrDigest},
		"body and digest":    {func(m *Message, b *[]byte) { *b = []byte("x"); d, _ := digestField(*b); m.Header.Set(fieldDigest, d) }, ErrSignature},
		"digest gone":        {func(m *Message, _ *[]byte) { m.Header.Del(fieldDigest) }, ErrMalformed},
		"a digest more":      {func(m *Message, _ *[]byte) { m.Header.Add(fieldDigest, "sha-512=:AAAA:") }, ErrSignature},
		"signature gone":     {func(m *Message, _ *[]byte) { m.Header.Del(fieldSignature) }, ErrMalformed},
		"input gone":         {func(m *Message, _ *[]byte) { m.Header.Del(fieldInput) }, ErrMalformed},
		"both gone":          {func(m *Message, _ *[]byte) { m.Header.Del(fieldInput); m.Header.Del(fieldSignature) }, ErrMissing},
		"both empty":         {func(m *Message, _ *[]byte) { m.Header.Set(fieldInput, ""); m.Header.Set(fieldSignature, "") }, ErrMalformed},
		"created":            {replaceInput(fmt.Sprint(now.Unix()), fmt.Sprint(now.Unix()+1)), ErrSignature},
		"expires added":      {replaceInput(";alg", ";expires=9999999999;alg"), ErrSignature},
		"parameters shifted": {replaceInput(`;alg="hmac-sha256"`, ""), ErrSignature},
		"components fewer":   {replaceInput(`"@authority" `, ""), ErrUncovered},
	} {
		t.Run(name, func(t *testing.T) {
			v, m, body := newVerifier(t, Rules{}, nil), signed(t), slices.Clone(prompt)
			original := Message{Method: m.Method, Scheme: m.Scheme, Authority: m.Authority, Target: m.Target, Header: m.Header.Clone()}
			test.change(&m, &body)
			if _, err := verify(v, m, body); !errors.Is(err, test.want) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if _, err := verify(v, original, prompt); err != nil {
				t.Errorf("the original after the refusal: %v, want it good: a forgery must not use up the nonce", err)
			}
		})
	}
}

func replaceInput(from, to string) func(*Message, *[]byte) {
	return func(m *Message, _ *[]byte) {
		m.Header.Set(fieldInput, strings.Replace(m.Header.Get(fieldInput), from, to, 1))
	}
}

func TestWellSignedButRefused(t *testing.T) {
	const components = `("@method" "@authority" "@path" "content-digest")`
	created := func(d time.Duration) string { return fmt.Sprintf(";created=%d", now.Add(d).Unix()) }
	const id, fresh = `;keyid="partner"`, `;nonce="0123456789abcdef"`
	for name, test := range map[string]struct {
		parameters string
		want       error
	}{
		"good":                       {components + created(0) + id + fresh, nil},
		"good with an unknown one":   {components + created(0) + id + fresh + `;tag="x";future=1`, nil},
		"by the whole URI":           {`("@method" "@target-uri" "content-digest")` + created(0) + id + fresh, nil},
		"with a field more":          {`("@method" "@authority" "@path" "content-digest" "date")` + created(0) + id + fresh, nil},
		"other spaces":               {`( "@method"   "@authority" "@path" "content-digest" )` + created(0) + id + fresh, nil},
		"good until it expires":      {components + created(0) + id + fresh + fmt.Sprintf(";expires=%d", now.Unix()+1), nil},
		"expired by itself":          {components + created(-time.Minute) + id + fresh + fmt.Sprintf(";expires=%d", now.Unix()), ErrExpired},
		"just inside the window":     {components + created(-5*time.Minute+time.Second) + id + fresh, nil},
		"at the window's end":        {components + created(-5*time.Minute) + id + fresh, ErrExpired},
		"a clock ahead":              {components + created(30*time.Second) + id + fresh, nil},
		"a clock too far ahead":      {components + created(31*time.Second) + id + fresh, ErrNotYetValid},
		"no created":                 {components + id + fresh, ErrMalformed},
		"created a string":           {components + `;created="1"` + id + fresh, ErrMalformed},
		"created negative":           {components + `;created=-1` + id + fresh, ErrMalformed},
		"created a decimal":          {components + `;created=1.5` + id + fresh, ErrMalformed},
		"no keyid":                   {components + created(0) + fresh, ErrMalformed},
		"keyid a token":              {components + created(0) + ";keyid=partner" + fresh, ErrMalformed},
		"unknown keyid":              {components + created(0) + `;keyid="other"` + fresh, ErrUnknownKey},
		"a key over its time":        {components + created(0) + `;keyid="retired"` + fresh, ErrUnknownKey},
		"a key for tokens":           {components + created(0) + `;keyid="tokens"` + fresh, ErrUnknownKey},
		"no nonce":                   {components + created(0) + id, ErrMalformed},
		"a short nonce":              {components + created(0) + id + `;nonce="short"`, ErrMalformed},
		"a long nonce":               {components + created(0) + id + `;nonce="` + strings.Repeat("x", 257) + `"`, ErrMalformed},
		"the right alg":              {components + created(0) + id + fresh + `;alg="hmac-sha256"`, nil},
		"an empty alg":               {components + created(0) + id + fresh + `;alg=""`, ErrAlgorithm},
		"another alg":                {components + created(0) + id + fresh + `;alg="rsa-v1_5-sha256"`, ErrAlgorithm},
		"nothing covered":            {"()" + created(0) + id + fresh, ErrUncovered},
		"method not covered":         {`("@authority" "@path" "content-digest")` + created(0) + id + fresh, ErrUncovered},
		"body not covered":           {`("@method" "@authority" "@path")` + created(0) + id + fresh, ErrUncovered},
		"a component twice":          {`("@method" "@authority" "@path" "content-digest" "@method")` + created(0) + id + fresh, ErrMalformed},
		"a component in upper case":  {`("@method" "@authority" "@path" "Content-Digest")` + created(0) + id + fresh, ErrMalformed},
		"an absent field":            {`("@method" "@authority" "@path" "content-digest" "x-absent")` + created(0) + id + fresh, ErrMalformed},
		"of a response":              {`("@method" "@authority" "@path" "content-digest" "@status")` + created(0) + id + fresh, ErrMalformed},
		"its own parameters":         {`("@method" "@authority" "@path" "content-digest" "@signature-params")` + created(0) + id + fresh, ErrMalformed},
		"a parameter of a component": {`("@method" "@authority" "@path" "content-digest";req)` + created(0) + id + fresh, ErrMalformed},
		"a token for a component":    {`("@method" "@authority" "@path" content-digest)` + created(0) + id + fresh, ErrMalformed},
		"too many components":        {"(" + strings.Repeat(`"a" `, 33) + ")" + created(0) + id + fresh, ErrMalformed},
		"not a list":                 {`"x"`, ErrMalformed},
		"not structured":             {`(("`, ErrMalformed},
		"too large":                  {components + created(0) + id + fresh + `;tag="` + strings.Repeat("x", 4096) + `"`, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			m := signed(t)
			secret := partner.Secret
			if strings.Contains(test.parameters, "tokens") {
				secret = keyring.Secret(strings.Repeat("t", 32))
			}
			resign(t, m, secret, test.parameters)
			if _, err := verify(newVerifier(t, Rules{Leeway: 30 * time.Second}, nil), m, prompt); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestDigests(t *testing.T) {
	const good = "sha-256=:3q/PU+PlbWoiXT+6SgnU8idJxHyRR1EwKWNNBjrpK8s=:"
	encode := func(name string) string {
		return name + "=:" + base64.StdEncoding.EncodeToString(digests[name](prompt)) + ":"
	}
	for name, test := range map[string]struct {
		field string
		want  error
	}{
		"sha-256":              {encode("sha-256"), nil},
		"sha-512":              {encode("sha-512"), nil},
		"both":                 {encode("sha-256") + ", " + encode("sha-512"), nil},
		"one of two is wrong":  {encode("sha-512") + ", " + good, ErrDigest},
		"with an unknown one":  {"unixsum=:AAAA:, " + encode("sha-512"), nil},
		"only unknown":         {"md5=:AAAA:", ErrMalformed},
		"none":                 {"", ErrMalformed},
		"empty bytes":          {"sha-256=::", ErrDigest},
		"not bytes":            {`sha-256="x"`, ErrMalformed},
		"a list":               {"sha-256=(:AAAA:)", ErrMalformed},
		"broken":               {"sha-256=:", ErrMalformed},
		"longer than possible": {"x=:" + strings.Repeat("A", 8192) + ":", ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkDigest(http.Header{fieldDigest: {test.field}}, prompt); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestTheBodyIsNotReadForStrangers(t *testing.T) {
	m := signed(t)
	m.Method = "PUT"
	_, err := newVerifier(t, Rules{}, nil).Verify(t.Context(), m, func() ([]byte, error) {
		t.Error("the body was read")
		return nil, nil
	})
	if !errors.Is(err, ErrSignature) {
		t.Errorf("error is %v, want %v", err, ErrSignature)
	}
}

func TestAnUnreadableBodyIsTheCallersError(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := newVerifier(t, Rules{}, nil).Verify(t.Context(), signed(t), func() ([]byte, error) { return nil, broken })
	if !errors.Is(err, ErrBody) || !errors.Is(err, broken) {
		t.Errorf("error is %v, want %v for %v", err, ErrBody, broken)
	}
}

// recorder is a store that tells what it was asked.
type recorder struct {
	nonce.Store
	ttl time.Duration
}

func (r *recorder) Use(ctx context.Context, scope, n string, ttl time.Duration) (bool, error) {
	r.ttl = ttl
	return r.Store.Use(ctx, scope, n, ttl)
}

func TestANonceIsKeptForAsLongAsASlowClockCouldAcceptIt(t *testing.T) {
	store := &recorder{Store: nonce.NewMemory(0, nil)}
	m := post()
	if err := Sign(m, prompt, partner, nil, now.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, Rules{Window: 5 * time.Minute, Leeway: 30 * time.Second}, store)
	if _, err := verify(v, m, prompt); err != nil {
		t.Fatal(err)
	}
	if want := 4*time.Minute + 30*time.Second; store.ttl != want {
		t.Errorf("kept for %v, want %v", store.ttl, want)
	}
}

// slowly is a body that takes its time on the clock.
func slowly(clock *time.Time, takes time.Duration) func() ([]byte, error) {
	return func() ([]byte, error) {
		*clock = clock.Add(takes)
		return prompt, nil
	}
}

func TestASlowBodyDoesNotOutlastTheNonce(t *testing.T) {
	for name, test := range map[string]struct {
		after, takes time.Duration
		want         error
	}{
		"over the memory's end": {299 * time.Second, 32 * time.Second, ErrExpired},
		"over the window's end": {299 * time.Second, time.Second, ErrExpired},
		"within the window":     {298 * time.Second, time.Second, ErrReplayed},
	} {
		t.Run(name, func(t *testing.T) {
			clock := now
			tell := func() time.Time { return clock }
			v, err := New(Rules{Leeway: 30 * time.Second}, keys(), nonce.NewMemory(0, tell), tell)
			if err != nil {
				t.Fatal(err)
			}
			m := signed(t)
			if _, err := verify(v, m, prompt); err != nil {
				t.Fatal(err)
			}
			clock = now.Add(test.after)
			if _, err := v.Verify(t.Context(), m, slowly(&clock, test.takes)); !errors.Is(err, test.want) {
				t.Errorf("the replay: error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestASlowBodyDoesNotOutlastTheKey(t *testing.T) {
	ending := partner
	ending.NotAfter = now.Add(time.Second)
	ring, err := keyring.New(keyring.Keys{ending})
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	tell := func() time.Time { return clock }
	v, err := New(Rules{}, ring, nonce.NewMemory(0, tell), tell)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), signed(t), slowly(&clock, time.Second)); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("error is %v, want %v", err, ErrUnknownKey)
	}
}

func TestAStoreThatCannotTellRefuses(t *testing.T) {
	full := nonce.NewMemory(1, nil)
	v := newVerifier(t, Rules{}, full)
	if _, err := verify(v, signed(t), prompt); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(v, signed(t), prompt); !errors.Is(err, ErrUnavailable) || !errors.Is(err, nonce.ErrFull) {
		t.Errorf("error is %v, want %v for %v", err, ErrUnavailable, nonce.ErrFull)
	}
}

func TestAKeyWithoutTheScopeKeepsItsNonce(t *testing.T) {
	store := nonce.NewMemory(0, nil)
	m := signed(t)
	if _, err := verify(newVerifier(t, Rules{Scopes: []string{"admin"}}, store), m, prompt); !errors.Is(err, ErrScope) {
		t.Errorf("error is %v, want %v", err, ErrScope)
	}
	if store.Len() != 0 {
		t.Error("the nonce was used up")
	}
}

func TestSignThenVerifyAndAnyChangeFails(t *testing.T) {
	token := rapid.StringMatching(`[a-zA-Z0-9._~%-]{0,12}`)
	components := append(DefaultComponents(), "x-field")
	fresh := func() *Verifier { return newVerifier(t, Rules{Components: components}, nil) }
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Method: rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method"), Scheme: "https",
			Authority: "h" + rapid.StringMatching(`[a-z0-9.]{0,8}`).Draw(t, "host"),
			Target:    "/" + token.Draw(t, "path"), Header: http.Header{"X-Field": {rapid.StringMatching(`[ -~]{1,12}`).Draw(t, "field")}},
		}
		if query := token.Draw(t, "query"); query != "" {
			m.Target += "?" + query
		}
		body := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "body")
		v := fresh()
		if err := Sign(m, body, partner, components, now); err != nil {
			t.Fatal(err)
		}

		changed := m
		changed.Header = m.Header.Clone()
		changedBody := slices.Clone(body)
		changes := []func(){
			func() { changed.Method = flip(t, changed.Method) },
			func() { changed.Authority = flip(t, changed.Authority) },
			func() { changed.Target = flip(t, changed.Target) },
			func() { changed.Header.Set("X-Field", "x"+changed.Header.Get("X-Field")) },
			func() { changed.Header.Set(fieldInput, flip(t, changed.Header.Get(fieldInput))) },
			func() { changed.Header.Set(fieldSignature, flipSignature(t, changed.Header)) },
		}
		if len(body) > 0 {
			changes = append(changes, func() { changedBody = []byte(flip(t, string(changedBody))) })
		}
		rapid.SampledFrom(changes).Draw(t, "change")()
		if _, err := verify(v, changed, changedBody); err == nil && !same(m, changed, body, changedBody) {
			t.Fatalf("verified %+v as %+v", m, changed)
		}
		if _, err := verify(v, m, body); err != nil && !errors.Is(err, ErrReplayed) {
			t.Fatalf("the original: %v", err)
		}
	})
}

// flip changes one bit of one byte.
func flip(t *rapid.T, s string) string {
	b := []byte(s)
	b[rapid.IntRange(0, len(b)-1).Draw(t, "index")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return string(b)
}

// flipSignature changes the signature's bytes, not their base64, some bits of
// which mean nothing.
func flipSignature(t *rapid.T, header http.Header) string {
	r, err := parse(header, "")
	if err != nil {
		t.Fatal(err)
	}
	return "sig1=:" + base64.StdEncoding.EncodeToString([]byte(flip(t, string(r.signature)))) + ":"
}

// same reports whether a change means nothing: the case of a host, a slash in
// place of an empty path, or nothing at all.
func same(a, b Message, bodyA, bodyB []byte) bool {
	return a.Method == b.Method && strings.EqualFold(a.Authority, b.Authority) && slashed(a.Target) == slashed(b.Target) &&
		a.Header.Get("X-Field") == b.Header.Get("X-Field") && bytes.Equal(bodyA, bodyB) &&
		a.Header.Get(fieldInput) == b.Header.Get(fieldInput) &&
		a.Header.Get(fieldSignature) == b.Header.Get(fieldSignature)
}

// slashed is a target as it counts for @path and @query (RFC 9421, sections
// 2.2.6 and 2.2.7): an empty path is a slash, and an empty query is none.
func slashed(target string) string {
	if strings.HasPrefix(target, "?") {
		target = "/" + target
	}
	return strings.TrimSuffix(target, "?")
}

func TestRulesErrorsNameTheField(t *testing.T) {
	for want, rules := range map[string]Rules{
		`components: "@status" is not`: {Components: []string{"@status"}},
		`components: "Date" is not`:    {Components: []string{"Date"}},
		`components: "" is not`:        {Components: []string{""}},
		"window: 2h0m0s, want":         {Window: 2 * time.Hour},
		"window: -1s, want":            {Window: -time.Second},
		"leeway: 1h0m0s, want":         {Leeway: time.Hour},
		`scope "a b": has a character`: {Scopes: []string{"a b"}},
	} {
		t.Run(want, func(t *testing.T) {
			if _, err := New(rules, keys(), nonce.NewMemory(0, nil), nil); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		})
	}
	if _, err := New(Rules{}, nil, nil, nil); err == nil || err.Error() != "keyring: missing" {
		t.Errorf("without a keyring: error is %v", err)
	}
}

func TestSignRefuses(t *testing.T) {
	forTokens := partner
	forTokens.Algorithm = keyring.HS256
	if err := Sign(post(), nil, forTokens, nil, now); err == nil || !strings.Contains(err.Error(), "is for HS256") {
		t.Errorf("with a key for tokens: error is %v", err)
	}
	if err := Sign(post(), nil, partner, []string{"x-absent"}, now); !errors.Is(err, ErrMalformed) {
		t.Errorf("over an absent field: error is %v", err)
	}
	if err := Sign(post(), nil, partner, []string{"@nothing"}, now); err == nil {
		t.Error("over an unknown component: no error")
	}
}

func FuzzVerify(f *testing.F) {
	m := signed(f)
	f.Add(m.Header.Get(fieldInput), m.Header.Get(fieldSignature), m.Header.Get(fieldDigest))
	f.Add(`a=("@method";req);created=1;keyid="k"`, "a=:AA==:", "sha-512=:AA==:")
	f.Add(`a=(), a=1`, "a", "")
	v := newVerifier(f, Rules{}, nil)
	f.Fuzz(func(t *testing.T, in, signature, digest string) {
		m := post()
		m.Header.Set(fieldInput, in)
		m.Header.Set(fieldSignature, signature)
		m.Header.Set(fieldDigest, digest)
		key, err := verify(v, m, []byte("another body"))
		if err == nil {
			t.Fatalf("verified as %s", key.ID)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v, m := newVerifier(b, Rules{}, always{}), signed(b)
	for b.Loop() {
		if _, err := verify(v, m, prompt); err != nil {
			b.Fatal(err)
		}
	}
}

// always takes every nonce for fresh, so that the benchmark measures the
// engine.
type always struct{}

func (always) Use(context.Context, string, string, time.Duration) (bool, error) { return true, nil }
