package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// keys are what tokens for peers are signed with.
type keys struct {
	secret     []byte // 64 hexadecimal digits, which need no quoting anywhere
	private    *ecdsa.PrivateKey
	publicFile string // in PEM
}

func newKeys(t testing.TB, dir string) keys {
	t.Helper()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // It never fails.
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	k := keys{fmt.Appendf(nil, "%x", random), private, filepath.Join(dir, "public.pem")}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	if err := os.WriteFile(k.publicFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k keys) hs256() string {
	signed := unsigned("HS256")
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func (k keys) es256(t testing.TB) string {
	t.Helper()
	signed := unsigned("ES256")
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	const size = 32
	return signed + "." + encode(append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...))
}

// unsigned has the claims of a token of ours. It is good for a day.
func unsigned(algorithm string) string {
	now := time.Now()
	return encode(fmt.Appendf(nil, `{"alg":%q,"typ":"JWT"}`, algorithm)) + "." + encode(fmt.Appendf(nil,
		`{"sub":"dev","iss":"odordiff","aud":"odordiff","scope":"generate","iat":%d,"exp":%d}`,
		now.Unix(), now.Add(24*time.Hour).Unix()))
}

func encode(part []byte) string { return base64.RawURLEncoding.EncodeToString(part) }
