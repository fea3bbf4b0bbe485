package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/keyring"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// The keys of the tests. Tokens are put together here by hand, so that the
// verifier is not tested against its own library alone.
var (
	secret     = keyring.Secret(strings.Repeat("s", 32))
	ecKey      = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	edPublic   = edKey.Public().(ed25519.PublicKey)
	edKey      = ed25519.NewKeyFromSeed([]byte(strings.Repeat("e", 32)))
	rsaKey     = must(rsa.GenerateKey(rand.Reader, 2048))
	attackerEC = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type object = map[string]any

func ecJWK(key *ecdsa.PrivateKey, kid string) object {
	point := must(key.PublicKey.Bytes())
	return object{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}

func rsaJWK(key *rsa.PrivateKey, kid string) object {
	return object{"kty": "RSA", "kid": kid, "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
}

func edJWK(kid string) object {
	return object{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(edPublic)}
}

func jwks(keys ...object) []byte { return must(json.Marshal(object{"keys": keys})) }

// compose signs any header and payload, right or wrong.
func compose(header, payload any, sign func(input []byte) []byte) string {
	text := func(v any) []byte {
		if s, ok := v.(string); ok {
			return []byte(s)
		}
		return must(json.Marshal(v))
	}
	input := b64(text(header)) + "." + b64(text(payload))
	return input + "." + b64(sign([]byte(input)))
}

func hs(key []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func es(key *ecdsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

func ed(input []byte) []byte { return ed25519.Sign(edKey, input) }

func rs(input []byte) []byte {
	digest := sha256.Sum256(input)
	return must(rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest[:]))
}

func none([]byte) []byte { return nil }

// good is the claims of a good token, with changes; a nil value takes a claim
// away.
func good(changes object) object {
	claims := object{
		"iss": "odordiff", "aud": "odordiff", "sub": "ada", "tenant": "acme", "scope": "generate read",
		"exp": now.Add(time.Hour).Unix(), "nbf": now.Unix(), "iat": now.Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

func head(algorithm, kid string) object { return object{"alg": algorithm, "kid": kid, "typ": "JWT"} }

// fixture is a verifier of all algorithms on a clock that the test moves.
type fixture struct {
	*Verifier
	now  time.Time
	jwks string
}

func newFixture(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{now: now, jwks: filepath.Join(t.TempDir(), "jwks.json")}
	if err := os.WriteFile(f.jwks, jwks(ecJWK(ecKey, "ec"), edJWK("ed"), rsaJWK(rsaKey, "rsa")), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := OpenKeySet(f.jwks, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	keys, err := keyring.New(keyring.Keys{
		{ID: "hs", Algorithm: keyring.HS256, Secret: secret},
		{ID: "bound", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("b", 32)), Principal: "ada", Tenant: "acme", Scopes: []string{"generate"}},
		{ID: "retired", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("r", 32)), NotAfter: now},
		{ID: "retiring", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("q", 32)), NotAfter: now.Add(time.Minute)},
		{ID: "signature", Algorithm: keyring.HMACSHA256, Secret: keyring.Secret(strings.Repeat("h", 32)), Principal: "ada"},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{
		Algorithms: []Algorithm{HS256, ES256, EdDSA, RS256}, Issuers: []string{"odordiff", "partner"}, Audiences: []string{"odordiff"},
		Scopes: []string{"generate"}, Leeway: 30 * time.Second, CacheSize: 4096, Keyring: keys, KeySet: set, Now: func() time.Time { return f.now },
	}
	if change != nil {
		change(&config)
	}
	if f.Verifier, err = New(config); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEachAlgorithmVerifies(t *testing.T) {
	f := newFixture(t, nil)
	for name, raw := range map[string]string{
		"HS256": compose(head("HS256", "hs"), good(nil), hs(secret)),
		"ES256": compose(head("ES256", "ec"), good(nil), es(ecKey)),
		"EdDSA": compose(head("EdDSA", "ed"), good(nil), ed),
		"RS256": compose(head("RS256", "rsa"), good(nil), rs),
		"a lone key of its algorithm without kid": compose(object{"alg": "ES256"}, good(nil), es(ecKey)),
		"an access token by its type":             compose(object{"alg": "HS256", "kid": "hs", "typ": "application/at+JWT"}, good(nil), hs(secret)),
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := f.Verify(raw)
			if err != nil {
				t.Fatal(err)
			}
			claims.All = nil
			want := Claims{
				Subject: "ada", Tenant: "acme", Scopes: []string{"generate", "read"}, Issuer: "odordiff", Audience: []string{"odordiff"},
				Expiry: now.Add(time.Hour), NotBefore: now, IssuedAt: now,
				ByKeyring: strings.HasPrefix(raw, b64([]byte(`{"alg":"HS256"`))),
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFormsOfClaims(t *testing.T) {
	f := newFixture(t, nil)
	for name, test := range map[string]struct {
		changes object
		want    func(Claims) bool
	}{
		"several audiences":  {object{"aud": []string{"x", "odordiff"}}, func(c Claims) bool { return len(c.Audience) == 2 }},
		"another issuer":     {object{"iss": "partner"}, func(c Claims) bool { return c.Issuer == "partner" }},
		"scp as an array":    {object{"scope": nil, "scp": []string{"generate", "x"}}, func(c Claims) bool { return slices.Equal(c.Scopes, []string{"generate", "x"}) }},
		"scp as a string":    {object{"scope": nil, "scp": "x generate"}, func(c Claims) bool { return slices.Equal(c.Scopes, []string{"generate", "x"}) }},
		"scope and scp":      {object{"scp": []string{"generate", "x"}}, func(c Claims) bool { return slices.Equal(c.Scopes, []string{"generate", "read", "x"}) }},
		"a fraction of time": {object{"exp": float64(now.Unix()) + 0.5}, func(c Claims) bool { return c.Expiry.Equal(now.Add(time.Second / 2)) }},
		"no nbf and no iat":  {object{"nbf": nil, "iat": nil}, func(c Claims) bool { return c.NotBefore.IsZero() && c.IssuedAt.IsZero() }},
		"further claims": {object{"account": uint64(12345678901234567891), "plan": "gold"}, func(c Claims) bool {
			return c.All["account"] == json.Number("12345678901234567891") && c.All["plan"] == "gold"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := f.Verify(compose(head("HS256", "hs"), good(test.changes), hs(secret)))
			if err != nil {
				t.Fatal(err)
			}
			if !test.want(claims) {
				t.Errorf("claims are %+v", claims)
			}
		})
	}
}

func TestTheSameSubjectOfTwoIssuersIsTwoPrincipals(t *testing.T) {
	for name, test := range map[string]struct {
		issuers []string
		want    []string
	}{
		"several issuers":         {[]string{"odordiff", "partner"}, []string{"odordiff|ada", "partner|ada"}},
		"one issuer":              {[]string{"odordiff"}, []string{"ada"}},
		"one with the separator":  {[]string{"o|p"}, []string{"ada"}},
		"several, another's name": {[]string{"ada", "odordiff"}, []string{"ada|ada", "odordiff|ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *Config) { c.Issuers = test.issuers })
			var got []string
			for _, issuer := range test.issuers {
				for range 2 { // the second time from the cache
					claims, err := f.Verify(compose(head("HS256", "bound"), good(object{"iss": issuer, "sub": "ada", "tenant": "acme"}), hs([]byte(strings.Repeat("b", 32)))))
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, f.Principal(claims))
				}
			}
			if got = slices.Compact(got); !slices.Equal(got, test.want) {
				t.Errorf("principals are %q, want %q", got, test.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	f := newFixture(t, nil)
	hsToken := func(changes object) string { return compose(head("HS256", "hs"), good(changes), hs(secret)) }
	withHeader := func(changes object) string {
		h := head("HS256", "hs")
		maps.Copy(h, changes)
		return compose(h, good(nil), hs(secret))
	}
	valid := hsToken(nil)
	parts := strings.Split(valid, ".")
	rsaPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))})

	for name, test := range map[string]struct {
		raw  string
		want error
	}{
		"empty":                 {"", ErrMalformed},
		"two parts":             {parts[0] + "." + parts[1], ErrMalformed},
		"four parts":            {valid + ".", ErrMalformed},
		"five parts, as a JWE":  {"a.b.c.d.e", ErrMalformed},
		"JSON serialisation":    {`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, ErrMalformed},
		"padding":               {valid + "=", ErrMalformed},
		"a line break":          {parts[0] + ".\n" + parts[1] + "." + parts[2], ErrMalformed},
		"another alphabet":      {strings.NewReplacer("-", "+", "_", "/").Replace(compose(head("HS256", "hs"), `{"x":"???>>>???>>>"}`, hs(secret))), ErrMalformed},
		"header not JSON":       {compose("{", good(nil), hs(secret)), ErrMalformed},
		"header an array":       {compose("[]", good(nil), hs(secret)), ErrMalformed},
		"header with alg twice": {compose(`{"alg":"HS256","alg":"none","kid":"hs"}`, good(nil), hs(secret)), ErrMalformed},
		"alg a number":          {compose(`{"alg":256,"kid":"hs"}`, good(nil), hs(secret)), ErrMalformed},
		"oversize":              {hsToken(object{"pad": strings.Repeat("x", MaxSize)}), ErrMalformed},
		"typ of a logout token": {withHeader(object{"typ": "logout+jwt"}), ErrMalformed},
		"typ of a DPoP proof":   {withHeader(object{"typ": "dpop+jwt"}), ErrMalformed},

		"no alg":               {compose(object{"kid": "hs"}, good(nil), hs(secret)), ErrAlgorithm},
		"alg none":             {compose(head("none", "hs"), good(nil), none), ErrAlgorithm},
		"alg None":             {compose(head("None", "hs"), good(nil), none), ErrAlgorithm},
		"alg none and no kid":  {compose(object{"alg": "none"}, good(nil), none), ErrAlgorithm},
		"alg in lower case":    {compose(head("hs256", "hs"), good(nil), hs(secret)), ErrAlgorithm},
		"alg not in the list":  {compose(head("HS512", "hs"), good(nil), hs(secret)), ErrAlgorithm},
		"alg of an encryption": {compose(head("RSA-OAEP", "rsa"), good(nil), none), ErrAlgorithm},

		"crit":       {withHeader(object{"crit": []string{"exp"}, "exp": 1}), ErrCritical},
		"crit empty": {withHeader(object{"crit": []string{}}), ErrCritical},
		"crit null":  {withHeader(object{"crit": nil}), ErrCritical},
		"b64 false":  {withHeader(object{"crit": []string{"b64"}, "b64": false}), ErrCritical},

		"unknown kid":                  {compose(head("HS256", "other"), good(nil), hs(secret)), ErrUnknownKey},
		"HS256 without kid":            {compose(object{"alg": "HS256"}, good(nil), hs(secret)), ErrUnknownKey},
		"a key for signatures":         {compose(head("HS256", "signature"), good(nil), hs([]byte(strings.Repeat("h", 32)))), ErrUnknownKey},
		"a key over its time":          {compose(head("HS256", "retired"), good(nil), hs([]byte(strings.Repeat("r", 32)))), ErrUnknownKey},
		"unknown kid of a set":         {compose(head("ES256", "other"), good(nil), es(ecKey)), ErrUnknownKey},
		"a kid of another algorithm":   {compose(head("RS256", "ec"), good(nil), rs), ErrUnknownKey},
		"an RSA key as HMAC secret":    {compose(head("HS256", "rsa"), good(nil), hs(rsaPEM)), ErrUnknownKey},
		"an Ed25519 key as secret":     {compose(head("HS256", "ed"), good(nil), hs(edPublic)), ErrUnknownKey},
		"a secret's kid for ES256":     {compose(head("ES256", "hs"), good(nil), es(ecKey)), ErrUnknownKey},
		"a key brought along as jwk":   {compose(object{"alg": "ES256", "jwk": ecJWK(attackerEC, "x")}, good(nil), es(attackerEC)), ErrSignature},
		"a key brought along by jku":   {compose(object{"alg": "ES256", "kid": "ec", "jku": "https://attacker.example/jwks"}, good(nil), es(attackerEC)), ErrSignature},
		"a key brought along by x5u":   {compose(object{"alg": "ES256", "kid": "ec", "x5u": "https://attacker.example/x"}, good(nil), es(attackerEC)), ErrSignature},
		"a chain brought along as x5c": {compose(object{"alg": "ES256", "kid": "ec", "x5c": []string{"MIIB"}}, good(nil), es(attackerEC)), ErrSignature},
		"forged with another secret":   {compose(head("HS256", "hs"), good(nil), hs([]byte(strings.Repeat("x", 32)))), ErrSignature},
		"forged without a signature":   {parts[0] + "." + parts[1] + ".", ErrSignature},
		"another's payload":            {parts[0] + "." + b64(must(json.Marshal(good(object{"sub": "eve"})))) + "." + parts[2], ErrSignature},
		"an HMAC for ES256":            {compose(head("ES256", "ec"), good(nil), hs(secret)), ErrSignature},
		"zeros for ES256":              {compose(head("ES256", "ec"), good(nil), func([]byte) []byte { return make([]byte, 64) }), ErrSignature},

		"claims not JSON":        {compose(head("HS256", "hs"), "{", hs(secret)), ErrMalformed},
		"claims null":            {compose(head("HS256", "hs"), "null", hs(secret)), ErrMalformed},
		"claims an array":        {compose(head("HS256", "hs"), "[]", hs(secret)), ErrMalformed},
		"a claim twice":          {compose(head("HS256", "hs"), `{"sub":"ada","sub":"eve"}`, hs(secret)), ErrMalformed},
		"wrong issuer":           {hsToken(object{"iss": "other"}), ErrIssuer},
		"no issuer":              {hsToken(object{"iss": nil}), ErrIssuer},
		"issuer with a tail":     {hsToken(object{"iss": "odordiff.attacker.example"}), ErrIssuer},
		"wrong audience":         {hsToken(object{"aud": "other"}), ErrAudience},
		"no audience":            {hsToken(object{"aud": nil}), ErrAudience},
		"empty audiences":        {hsToken(object{"aud": []string{}}), ErrAudience},
		"audience of numbers":    {hsToken(object{"aud": []any{"odordiff", 1}}), ErrClaim},
		"audience an object":     {hsToken(object{"aud": object{"odordiff": true}}), ErrClaim},
		"no exp":                 {hsToken(object{"exp": nil}), ErrClaim},
		"exp a string":           {hsToken(object{"exp": "2030-01-01"}), ErrClaim},
		"exp beyond time":        {hsToken(object{"exp": 1e300}), ErrClaim},
		"exp negative":           {hsToken(object{"exp": -1}), ErrClaim},
		"nbf true":               {hsToken(object{"nbf": true}), ErrClaim},
		"no sub":                 {hsToken(object{"sub": nil}), ErrClaim},
		"sub empty":              {hsToken(object{"sub": ""}), ErrClaim},
		"sub a number":           {hsToken(object{"sub": 7}), ErrClaim},
		"sub with a line break":  {hsToken(object{"sub": "ada\r\nGate-Tenant: root"}), ErrClaim},
		"sub very long":          {hsToken(object{"sub": strings.Repeat("x", 257)}), ErrClaim},
		"tenant with a NUL":      {hsToken(object{"tenant": "a\x00"}), ErrClaim},
		"scope an object":        {hsToken(object{"scope": object{}}), ErrClaim},
		"scope with a quote":     {hsToken(object{"scope": `generate "x"`}), ErrClaim},
		"another than the key's": {compose(head("HS256", "bound"), good(object{"sub": "eve"}), hs([]byte(strings.Repeat("b", 32)))), ErrClaim},
		"not the key's tenant":   {compose(head("HS256", "bound"), good(object{"tenant": "other"}), hs([]byte(strings.Repeat("b", 32)))), ErrClaim},

		"expired":              {hsToken(object{"exp": now.Add(-31 * time.Second).Unix()}), ErrExpired},
		"not yet valid":        {hsToken(object{"nbf": now.Add(31 * time.Second).Unix()}), ErrNotYetValid},
		"issued in the future": {hsToken(object{"iat": now.Add(31 * time.Second).Unix()}), ErrNotYetValid},
		"no scope":             {hsToken(object{"scope": nil}), ErrScope},
		"another scope":        {hsToken(object{"scope": "generate2 regenerate"}), ErrScope},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // a refusal must not be forgotten by the cache
				claims, err := f.Verify(test.raw)
				if !errors.Is(err, test.want) {
					t.Fatalf("error is %v (claims %+v), want %v", err, claims, test.want)
				}
				if len(test.raw) > 20 && strings.Contains(err.Error(), test.raw[:20]) {
					t.Errorf("error %q quotes the token", err)
				}
			}
		})
	}
}

func TestClockSkewEdges(t *testing.T) {
	for name, test := range map[string]struct {
		changes object
		at      time.Duration // from now
		want    error
	}{
		"just before exp and leeway":  {object{"exp": now.Unix()}, 30*time.Second - 1, nil},
		"exactly at exp and leeway":   {object{"exp": now.Unix()}, 30 * time.Second, ErrExpired},
		"just before nbf less leeway": {nil, -30*time.Second - 1, ErrNotYetValid},
		"exactly at nbf less leeway":  {nil, -30 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.now = now.Add(test.at)
			if _, err := f.Verify(compose(head("HS256", "hs"), good(test.changes), hs(secret))); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func TestAKeyNarrowsWhatItsTokensSay(t *testing.T) {
	f := newFixture(t, nil)
	claims, err := f.Verify(compose(head("HS256", "bound"), good(object{"tenant": nil, "scope": "generate admin"}), hs([]byte(strings.Repeat("b", 32)))))
	if err != nil {
		t.Fatal(err)
	}
	if claims.Tenant != "acme" || !slices.Equal(claims.Scopes, []string{"generate"}) {
		t.Errorf("tenant %q, scopes %q; want the key's", claims.Tenant, claims.Scopes)
	}
}

func TestACachedTokenStillExpires(t *testing.T) {
	f := newFixture(t, nil)
	raw := compose(head("HS256", "hs"), good(nil), hs(secret))
	for range 2 {
		if _, err := f.Verify(raw); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.cache.entries) != 1 {
		t.Fatalf("%d tokens are cached, want 1", len(f.cache.entries))
	}
	f.now = now.Add(time.Hour + 30*time.Second)
	if _, err := f.Verify(raw); !errors.Is(err, ErrExpired) {
		t.Errorf("error is %v, want %v", err, ErrExpired)
	}
}

func TestACachedTokenEndsWithItsKey(t *testing.T) {
	f := newFixture(t, nil)
	raw := compose(head("HS256", "retiring"), good(nil), hs([]byte(strings.Repeat("q", 32))))
	if _, err := f.Verify(raw); err != nil {
		t.Fatal(err)
	}
	f.now = now.Add(time.Minute)
	if _, err := f.Verify(raw); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("error is %v, want %v", err, ErrUnknownKey)
	}
}

func TestACachedTokenEndsWhenTheKeyringLosesItsKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	if err := (keyring.Keys{{ID: "hs", Algorithm: keyring.HS256, Secret: secret}}).Write(path); err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 4)
	keys, err := keyring.Open(path, keyring.WithReport(func(err error) { changed <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = keys.Close() }()
	f := newFixture(t, func(c *Config) { c.Keyring = keys })
	raw := compose(head("HS256", "hs"), good(nil), hs(secret))
	if _, err := f.Verify(raw); err != nil {
		t.Fatal(err)
	}
	replace(t, path, []byte(`{"keys": []}`), 0o600, changed)
	if _, err := f.Verify(raw); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("error is %v, want %v", err, ErrUnknownKey)
	}
}

func TestAKeySetRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, jwks(ecJWK(ecKey, "one")), 0o644); err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 4)
	set, err := OpenKeySet(path, func(_ Contents, err error) { changed <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	f := newFixture(t, func(c *Config) { c.KeySet = set })
	one := compose(head("ES256", "one"), good(nil), es(ecKey))
	two := compose(head("ES256", "two"), good(nil), es(attackerEC))
	verify := func(raw string, want error) {
		t.Helper()
		if _, err := f.Verify(raw); !errors.Is(err, want) {
			t.Errorf("error is %v, want %v", err, want)
		}
	}
	verify(one, nil)
	verify(two, ErrUnknownKey)
	replace(t, path, jwks(ecJWK(attackerEC, "two")), 0o644, changed)
	verify(one, ErrUnknownKey)
	verify(two, nil)
	replace(t, path, []byte("broken"), 0o644, changed)
	verify(two, nil)
	if set.LastError() == nil {
		t.Error("a broken file left no error")
	}
}

func replace(t *testing.T, path string, content []byte, mode os.FileMode, changed <-chan error) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, content, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	case <-time.After(10 * time.Second):
		t.Fatal("the change was not noticed")
	}
}

func TestTheCacheIsBoundedAndDropsTheLeastRecent(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CacheSize = 2 })
	tokens := make([]string, 3)
	for i := range tokens {
		tokens[i] = compose(head("HS256", "hs"), good(object{"jti": fmt.Sprint(i)}), hs(secret))
	}
	for _, i := range []int{0, 1, 0, 2} {
		if _, err := f.Verify(tokens[i]); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.cache.entries); n != 2 || f.cache.recent.Len() != 2 {
		t.Fatalf("%d tokens are cached, want 2", n)
	}
	for i, want := range map[int]bool{0: true, 1: false, 2: true} {
		if _, ok := f.cache.entries[sha256.Sum256([]byte(tokens[i]))]; ok != want {
			t.Errorf("token %d cached: %v, want %v", i, ok, want)
		}
	}
}

func TestACacheOfNothingRemembersNothing(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CacheSize = 0 })
	for range 2 {
		if _, err := f.Verify(compose(head("HS256", "hs"), good(nil), hs(secret))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.cache.entries); n != 0 {
		t.Errorf("%d tokens are cached, want none", n)
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	keys, err := keyring.New(keyring.Generate())
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"algorithms: missing":            func(c *Config) { c.Algorithms = nil },
		`algorithms: "none" is not one`:  func(c *Config) { c.Algorithms = []Algorithm{"none"} },
		"algorithms: HS256 needs":        func(c *Config) { c.Keyring = nil },
		"algorithms: ES256 needs a JWKS": func(c *Config) { c.Algorithms = []Algorithm{HS256, ES256} },
		"issuer: missing":                func(c *Config) { c.Issuers = nil },
		`issuer "a|b": several`:          func(c *Config) { c.Issuers = []string{"a", "a|b"} },
		`issuer " b": has`:               func(c *Config) { c.Issuers = []string{"a", " b"} },
		`issuer "a\nb": has`:             func(c *Config) { c.Issuers = []string{"a\nb"} },
		"audience: missing":              func(c *Config) { c.Audiences = []string{""} },
		`scope "a b": has`:               func(c *Config) { c.Scopes = []string{"a b"} },
		"leeway: 1h0m0s, want":           func(c *Config) { c.Leeway = time.Hour },
	} {
		t.Run(want, func(t *testing.T) {
			config := Config{Algorithms: []Algorithm{HS256}, Issuers: []string{"i"}, Audiences: []string{"a"}, Keyring: keys}
			change(&config)
			if _, err := New(config); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		})
	}
}

func TestMintedTokensVerify(t *testing.T) {
	f := newFixture(t, nil)
	key, _ := f.config.Keyring.Lookup("hs")
	rapid.Check(t, func(t *rapid.T) {
		subject := rapid.StringMatching(`[\pL\d@.:-]{1,20}`).Draw(t, "subject")
		scopes := append(rapid.SliceOfN(rapid.StringMatching(`[a-z:]{1,8}`), 0, 3).Draw(t, "scopes"), "generate")
		raw, err := Mint(key, Claims{
			Subject: subject, Issuer: "odordiff", Audience: []string{"odordiff"}, Scopes: scopes,
			IssuedAt: now, Expiry: now.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(t, "ttl")) * time.Second),
		})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := f.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(scopes)
		if claims.Subject != subject || !slices.Equal(claims.Scopes, slices.Compact(scopes)) || claims.ID == "" {
			t.Fatalf("claims are %+v", claims)
		}
	})
}

func TestAnyChangedCharacterFails(t *testing.T) {
	f := newFixture(t, nil)
	valid := map[string]string{
		"HS256": compose(head("HS256", "hs"), good(nil), hs(secret)),
		"ES256": compose(head("ES256", "ec"), good(nil), es(ecKey)),
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(valid[rapid.SampledFrom([]string{"HS256", "ES256"}).Draw(t, "algorithm")])
		i := rapid.IntRange(0, len(raw)-1).Draw(t, "index")
		changed := rapid.Byte().Draw(t, "byte")
		if raw[i] == changed {
			return
		}
		raw[i] = changed
		if _, err := f.Verify(string(raw)); err == nil {
			t.Fatalf("verified with byte %d changed", i)
		}
	})
}

func TestMintRefuses(t *testing.T) {
	f := newFixture(t, nil)
	good := Claims{Subject: "ada", Expiry: now}
	for want, change := range map[string]func(*Claims) string{
		`key "signature" is for hmac-sha256`:                   func(*Claims) string { return "signature" },
		`minting with key "hs": subject: missing`:              func(c *Claims) string { c.Subject = ""; return "hs" },
		`minting with key "hs": expiry: missing`:               func(c *Claims) string { c.Expiry = time.Time{}; return "hs" },
		`minting with key "hs": scope "a b"`:                   func(c *Claims) string { c.Scopes = []string{"a b"}; return "hs" },
		`minting with key "bound": bad claim: sub`:             func(c *Claims) string { c.Subject = "eve"; return "bound" },
		`minting with key "bound": scopes: the key may`:        func(c *Claims) string { c.Scopes = []string{"admin"}; return "bound" },
		`minting with key "hs": tenant: longer than 256 bytes`: func(c *Claims) string { c.Tenant = "a\n"; return "hs" },
	} {
		t.Run(want, func(t *testing.T) {
			claims := good
			key, _ := f.config.Keyring.Lookup(change(&claims))
			if _, err := Mint(key, claims); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(compose(head("HS256", "hs"), good(nil), hs(secret)))
	f.Add(compose(head("ES256", "ec"), good(nil), es(ecKey)))
	f.Add(compose(head("none", ""), good(nil), none))
	f.Add("..")
	keys := must(keyring.New(keyring.Keys{{ID: "hs", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("z", 32))}}))
	v := must(New(Config{Algorithms: []Algorithm{HS256}, Issuers: []string{"odordiff"}, Audiences: []string{"odordiff"}, Keyring: keys}))
	f.Fuzz(func(t *testing.T, raw string) {
		// nobody has signed with this verifier's key
		if _, err := v.Verify(raw); err == nil {
			t.Fatalf("verified %q", raw)
		}
	})
}

// FuzzClaims takes payloads past the signature.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"sub":"ada","exp":1e10,"nbf":0.5,"aud":["a"],"scope":"a b","scp":["c"]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, err := parseClaims(payload, "tenant")
		if err == nil && (claims.Subject == "" || claims.Expiry.IsZero()) {
			t.Fatalf("claims without subject or expiry: %+v", claims)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	keys := must(keyring.New(keyring.Keys{{ID: "hs", Algorithm: keyring.HS256, Secret: secret}}))
	raw := compose(head("HS256", "hs"), good(nil), hs(secret))
	config := Config{Algorithms: []Algorithm{HS256}, Issuers: []string{"odordiff"}, Audiences: []string{"odordiff"}, Keyring: keys, CacheSize: 16, Now: func() time.Time { return now }}
	b.Run("cached", func(b *testing.B) {
		v := must(New(config))
		for b.Loop() {
			_ = must(v.Verify(raw))
		}
	})
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			v := &Verifier{config: config, cache: newCache(1)}
			_ = must(v.Verify(raw))
		}
	})
}
