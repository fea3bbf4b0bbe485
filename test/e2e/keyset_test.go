package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
)

// rsaKey is a key as an identity provider has it.
type rsaKey struct {
	*rsa.PrivateKey
	id string
}

func newRSAKey(t *testing.T, id string, bits int) rsaKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return rsaKey{key, id}
}

// jwk is the public half, as a JSON Web Key.
func (k rsaKey) jwk() string {
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":%q}`, k.id, encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes()))
}

// token is a good one but for its key.
func (k rsaKey) token(t *testing.T) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":"ada","iss":"odordiff","aud":"odordiff","scope":"generate","exp":%d}`, time.Now().Unix()+600)
	signed := encode(fmt.Appendf(nil, `{"alg":"RS256","kid":%q}`, k.id)) + "." + encode([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, k.PrivateKey, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

func keySet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// The package's own tests do not see what another dependency changes in a
// library for the whole process: only the binary has them all.
func TestAKeySetIsJudgedKeyByKey(t *testing.T) {
	t.Parallel()
	weak, before, after := newRSAKey(t, "weak", 1024), newRSAKey(t, "before", 2048), newRSAKey(t, "after", 2048)
	const incomplete = `{"kty":"EC","crv":"P-256","kid":"incomplete","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(keySet(weak.jwk(), incomplete, before.jwk())), 0o600); err != nil {
		t.Fatal(err)
	}
	e := startGateway(t, "jwt {", "jwt {\n\t\tissuer odordiff\n\t\taudience odordiff\n\t\tjwks "+file+"\n\t\talgorithms HS256 RS256 ES256")
	e.startEcho(t)
	refused := func(k rsaKey) bool { return e.generate(t, k.token(t), prompt).StatusCode == http.StatusUnauthorized }

	e.generate(t, before.token(t), prompt).wantOK(t)
	e.generate(t, weak.token(t), prompt).wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	if n := e.metric(t, "gate_keys_passed_over", "unusable"); n != "2" {
		t.Errorf("%s keys are counted as passed over, want 2", n)
	}

	e.save(t, file, keySet(incomplete, after.jwk()))
	eventually.True(t, "the removed key is refused", func() bool { return refused(before) })
	e.generate(t, after.token(t), prompt).wantOK(t)

	e.save(t, file, keySet())
	eventually.True(t, "an empty set is no key", func() bool { return refused(after) })

	e.save(t, file, keySet(after.jwk()))
	eventually.True(t, "the set is good again", func() bool { return !refused(after) })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the metric shows that the file is gone", func() bool { return e.metric(t, "gate_keys_broken", file) == "1" })
	e.generate(t, after.token(t), prompt).wantOK(t)
	operator := http.Header{"Authorization": {"Bearer " + e.token(t, "--scope", "operator")}}
	eventually.True(t, "health shows it, too", func() bool {
		report := string(e.send(t, http.MethodGet, "/health", operator, "").body)
		return strings.Contains(report, "jwks.json: opening: no such file") && strings.Contains(report, `"age_seconds"`)
	})
}
