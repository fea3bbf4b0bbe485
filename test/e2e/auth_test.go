package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/keyring"
)

func TestRequestsWithoutAGoodCredentialAreRefused(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	now := time.Now().Unix()
	claims := func(exp int64) string {
		return fmt.Sprintf(`{"sub":"eve","iss":"odordiff","aud":"odordiff","scope":"generate","exp":%d}`, exp)
	}
	cases := map[string]struct{ token, kind string }{
		"no credential":          {"", "credential-missing"},
		"expired":                {forge(`{"alg":"HS256","kid":"dev"}`, claims(now-600), e.secret(t, "dev")), "credential-expired"},
		"forged with a guess":    {forge(`{"alg":"HS256","kid":"dev"}`, claims(now+600), []byte("guess")), "credential-invalid"},
		"unsigned":               {forge(`{"alg":"none"}`, claims(now+600), nil), "credential-invalid"},
		"unknown key":            {forge(`{"alg":"HS256","kid":"nobody"}`, claims(now+600), []byte("guess")), "credential-invalid"},
		"of another issuer":      {e.token(t, "--issuer", "elsewhere"), "credential-invalid"},
		"for another audience":   {e.token(t, "--audience", "elsewhere"), "credential-invalid"},
		"tampered with":          {tamper(e.token(t)), "credential-invalid"},
		"not a token":            {"hello", "credential-invalid"},
		"a megabyte of nonsense": {strings.Repeat("x", 16<<10), "credential-invalid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := e.generate(t, c.token, prompt)
			got.wantProblem(t, http.StatusUnauthorized, c.kind)
			if len(got.Header.Values("WWW-Authenticate")) == 0 {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	t.Run("without the scope", func(t *testing.T) {
		e.generate(t, e.token(t, "--scope", "read"), prompt).wantProblem(t, http.StatusForbidden, "scope-insufficient")
	})
	t.Run("good", func(t *testing.T) {
		e.generate(t, e.token(t), prompt).wantOK(t)
	})
}

// forge makes a JWT by hand, signed with a key of the attacker's.
func forge(header, claims string, key []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	if key == nil {
		return signed + "."
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// secret is that of a key of the gateway's keyring.
func (e *edge) secret(t *testing.T, id string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(e.state, "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if key.ID == id {
			return key.Secret
		}
	}
	t.Fatalf("the keyring has no key %q", id)
	return nil
}

// tamper changes one character of the claims.
func tamper(token string) string {
	parts := strings.Split(token, ".")
	middle := []byte(parts[1])
	if middle[10] == 'A' {
		middle[10] = 'B'
	} else {
		middle[10] = 'A'
	}
	return parts[0] + "." + string(middle) + "." + parts[2]
}

func TestASignedRequestIsTakenOnce(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	header := e.sign(t, prompt)
	got := e.send(t, http.MethodPost, generatePath, header, prompt)
	got.wantOK(t)
	e.send(t, http.MethodPost, generatePath, header, prompt).wantProblem(t, http.StatusUnauthorized, "credential-replayed")
}

func TestAReplayIsRefusedOnEveryGateway(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	first, second := sharing(t, redis, inTime)
	header := first.sign(t, prompt)
	// Both are asked under one name, as behind a balancer: the signature covers
	// it.
	header.Set("Host", "localhost:"+port(first.url))
	first.send(t, http.MethodPost, generatePath, header, prompt).wantOK(t)
	second.send(t, http.MethodPost, generatePath, header, prompt).wantProblem(t, http.StatusUnauthorized, "credential-replayed")
}

func TestASignatureNeedsItsKeysScope(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	e.send(t, http.MethodPost, generatePath, e.sign(t, prompt), prompt).wantOK(t)

	file := filepath.Join(e.state, "keyring.json")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e.save(t, file, strings.Replace(string(content), `"generate"`, `"read"`, 1))
	eventually.True(t, "the key's new scope counts", func() bool {
		return e.send(t, http.MethodPost, generatePath, e.sign(t, prompt), prompt).StatusCode == http.StatusForbidden
	})
	e.send(t, http.MethodPost, generatePath, e.sign(t, prompt), prompt).wantProblem(t, http.StatusForbidden, "scope-insufficient")
}

func TestASignatureCoversTheBodyThePathAndTheHost(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	t.Run("another body", func(t *testing.T) {
		other := strings.Replace(prompt, "cedar", "tar", 1)
		e.send(t, http.MethodPost, generatePath, e.sign(t, prompt), other).wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	})
	t.Run("another host", func(t *testing.T) {
		header := e.sign(t, prompt)
		header.Set("Host", "localhost:1")
		e.send(t, http.MethodPost, generatePath, header, prompt).wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	})
	t.Run("another path", func(t *testing.T) {
		e.send(t, http.MethodPost, generatePath+"/batch", e.sign(t, prompt), prompt).wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	})
	t.Run("no digest", func(t *testing.T) {
		header := e.sign(t, prompt)
		header.Del("Content-Digest")
		e.send(t, http.MethodPost, generatePath, header, prompt).wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	})
}

func TestAKeyIsRevokedWithoutAReload(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t)
	e.generate(t, token, prompt).wantOK(t)

	file := filepath.Join(e.state, "keyring.json")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := run(t, e.env, "keyring", "init"); code != 0 {
		t.Fatalf("keyring init: %s", stderr)
	}
	eventually.True(t, "the old token is refused", func() bool {
		return e.generate(t, token, prompt).StatusCode == http.StatusUnauthorized
	})
	e.generate(t, e.token(t), prompt).wantOK(t)
}

func TestNamesakesOfTwoTenantsDoNotShareALimit(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "rate 60/1m", "rate 1/1h")
	e.startEcho(t)
	file := filepath.Join(e.state, "keyring.json")
	key := func(tenant string) string {
		secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(tenant, 32)))
		return fmt.Sprintf(`{"id":%[1]q,"algorithm":"HS256","secret":%[2]q,"tenant":%[1]q}`, tenant, secret)
	}
	e.save(t, file, `{"keys":[`+key("a")+`,`+key("b")+`]}`)
	bob := func(tenant string) string { return e.token(t, "--subject", "bob", "--key", tenant) }
	eventually.True(t, "the keys are in force", func() bool { return e.generate(t, bob("a"), prompt).StatusCode == http.StatusOK })
	e.generate(t, bob("a"), prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	e.generate(t, bob("b"), prompt).wantOK(t)
}

// sign returns the header of a signed POST to /api/v1/generate, from `odordiff
// sign`.
func (e *edge) sign(t *testing.T, body string) http.Header {
	t.Helper()
	stdout, stderr, code := run(t, e.env, "sign", "-X", "POST", "--data", body, e.url+generatePath)
	if code != 0 {
		t.Fatalf("odordiff sign: %s", stderr)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for line := range strings.Lines(stdout) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			t.Fatalf("odordiff sign printed %q", line)
		}
		header.Add(name, value)
	}
	return header
}
