package token

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// with is a JWK with some members changed; a nil value takes one away.
func with(key object, changes object) object {
	changed := maps.Clone(key)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

func TestAKeyThatCannotBeUsedIsPassedOver(t *testing.T) {
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	ec, ed, rs := ecJWK(ecKey, "x"), edJWK("x"), rsaJWK(rsaKey, "x")
	exponent := func(e int64) object { return with(rs, object{"e": b64(big.NewInt(e).Bytes())}) }
	modulus := func(n *big.Int) object { return with(rs, object{"n": b64(n.Bytes())}) }
	order := func(y ...byte) object { return with(ed, object{"x": b64(append(y, make([]byte, 32-len(y))...))}) }
	one := big.NewInt(1)
	for name, test := range map[string]struct {
		key      any
		want     string
		otherUse bool
	}{
		"RSA of 1024 bits":              {rsaJWK(small, "x"), "n: a modulus of 1024 bits, want 2048 to 8192", false},
		"RSA of 2047 bits":              {modulus(new(big.Int).Rsh(rsaKey.N, 1)), "n: a modulus of 2047 bits", false},
		"RSA that takes long":           {modulus(new(big.Int).Lsh(one, 8192)), "n: a modulus of 8193 bits", false},
		"RSA of an even modulus":        {modulus(new(big.Int).Sub(rsaKey.N, one)), "n: an even modulus", false},
		"RSA without n":                 {with(rs, object{"n": nil}), "n: missing", false},
		"RSA with the exponent 1":       {exponent(1), "e: want an odd exponent", false},
		"RSA with the exponent 3":       {exponent(3), "e: want an odd exponent", false},
		"RSA with an even exponent":     {exponent(1 << 20), "e: want an odd exponent", false},
		"RSA with a huge exponent":      {exponent(1<<40 + 1), "e: want an odd exponent", false},
		"RSA without e":                 {with(rs, object{"e": nil}), "e: missing", false},
		"EC without y":                  {with(ec, object{"y": nil}), "y: missing", false},
		"EC of a short coordinate":      {with(ec, object{"x": b64(make([]byte, 31))}), "x and y: 31 and 32 bytes", false},
		"EC off the curve":              {with(ec, object{"y": ec["x"]}), "x and y: not a point of P-256", false},
		"EC at zero":                    {with(ec, object{"x": b64(make([]byte, 32)), "y": b64(make([]byte, 32))}), "x and y: not a point", false},
		"EC in padded base64":           {with(ec, object{"x": ec["x"].(string) + "="}), "x: not base64url", false},
		"Ed25519 of 31 bytes":           {with(ed, object{"x": b64(edPublic[:31])}), "x: not a point of Ed25519", false},
		"Ed25519 off the curve":         {order(2), "x: not a point of Ed25519", false},
		"Ed25519 of order one":          {order(1), "x: a point of small order", false},
		"Ed25519 of order four":         {order(0), "x: a point of small order", false},
		"a kid that is a number":        {with(ec, object{"kid": 7}), "not a JSON Web Key", false},
		"a key that is a string":        {"key", "not a JSON Web Key", false},
		"a key without a type":          {object{"kid": "x"}, "kty: missing", false},
		"a key for encryption":          {with(ec, object{"use": "enc"}), "use: not for verifying", true},
		"a key of another algorithm":    {with(rs, object{"alg": "PS256"}), "alg: not for verifying", true},
		"a key for other operations":    {with(ec, object{"key_ops": []string{"encrypt"}}), "key_ops: not for verifying", true},
		"a key on a curve of no use":    {object{"kty": "EC", "crv": "secp256k1", "kid": "x"}, "kty and crv: not for verifying", true},
		"a key of a type that is to be": {object{"kty": "new", "kid": "x"}, "kty and crv: not for verifying", true},
	} {
		t.Run(name, func(t *testing.T) {
			content := must(json.Marshal(object{"keys": []any{test.key, rsaJWK(rsaKey, "good")}}))
			set, err := parseKeySet(content)
			if err != nil || len(set.keys) != 1 || set.keys[0].id != "good" {
				t.Fatalf("keys %v, error %v; want the good one", set.keys, err)
			}
			if len(set.passed) != 1 || set.passed[0].Index != 0 || set.passed[0].OtherUse != test.otherUse ||
				!strings.HasPrefix(set.passed[0].Reason.Error(), test.want) {
				t.Errorf("passed over %v, want keys[0] because %q", set.passed, test.want)
			}
		})
	}
}

func TestAMemberThatIsThereTwiceSpoilsItsKeyOnly(t *testing.T) {
	twice := strings.Replace(string(jwks(ecJWK(ecKey, "x"), edJWK("good"))), `"crv":"P-256"`, `"crv":"P-256","crv":"P-256"`, 1)
	set, err := parseKeySet([]byte(twice))
	if err != nil || len(set.keys) != 1 || set.keys[0].id != "good" || len(set.passed) != 1 {
		t.Errorf("keys %v, passed over %v, error %v; want the good one", set.keys, set.passed, err)
	}
}

func TestKeysThatATokenCannotTellApartArePassedOver(t *testing.T) {
	copied, other := ecJWK(ecKey, "x"), ecJWK(attackerEC, "x")
	for name, test := range map[string]struct {
		keys         []object
		kept, passed []int
	}{
		"one twice":                 {[]object{copied, copied}, []int{0}, []int{1}},
		"two of a name":             {[]object{copied, other, edJWK("ed")}, []int{2}, []int{0, 1}},
		"one twice and another":     {[]object{copied, copied, other}, nil, []int{0, 1, 2}},
		"a name for two algorithms": {[]object{copied, edJWK("x")}, []int{0, 1}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := parseKeySet(jwks(test.keys...))
			if err != nil {
				t.Fatal(err)
			}
			var kept, passed []int
			for _, key := range set.keys {
				kept = append(kept, key.index)
			}
			for _, key := range set.passed {
				passed = append(passed, key.Index)
			}
			if !cmp.Equal(kept, test.kept) || !cmp.Equal(passed, test.passed) {
				t.Errorf("kept %v and passed over %v, want %v and %v", kept, passed, test.kept, test.passed)
			}
		})
	}
}

func TestOnlyASecretMakesAKeySetAnError(t *testing.T) {
	good := rsaJWK(rsaKey, "good")
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"not JSON":                  {[]byte("x"), "not a JWKS"},
		"no array of keys":          {[]byte(`{"keys":null}`), "not a JWKS"},
		"a symmetric key":           {jwks(good, object{"kty": "oct", "kid": "x", "k": b64(secret)}), "keys[1]: kty: a symmetric key"},
		"a private key":             {jwks(good, with(ecJWK(ecKey, "x"), object{"d": b64(must(ecKey.Bytes()))})), "keys[1]: d: a private key"},
		"a factor of an RSA key":    {jwks(with(good, object{"p": "Aw"})), "keys[0]: p: a private key"},
		"a private key of no use":   {jwks(object{"kty": "AKP", "alg": "ML-DSA-44", "priv": "AA"}), "keys[0]: priv: a private key"},
		"a private key that is bad": {jwks(object{"kty": "EC", "kid": 7, "d": "AA"}), "keys[0]: d: a private key"},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := parseKeySet(test.content)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("keys %v, error %v; want %q", set.keys, err, test.want)
			}
		})
	}
}

func TestAnEmptyKeySetMeansNoKey(t *testing.T) {
	for name, content := range map[string][]byte{
		"of no keys": []byte(`{"keys":[]}`), "of no good keys": jwks(with(ecJWK(ecKey, "x"), object{"y": nil})),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jwks.json")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := OpenKeySet(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = set.Close() }()
			if _, ok := set.lookup("", ES256); ok || set.Contents().Keys != 0 {
				t.Error("there is a key")
			}
		})
	}
}

// A provider replaces its key, and in the same moment publishes one that we
// cannot use: the new key must count and the old one must not.
func TestARotationBesideABadKeyCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, jwks(ecJWK(attackerEC, "old")), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 4)
	var last Contents
	set, err := OpenKeySet(path, func(now Contents, err error) { last = now; changed <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	replace(t, path, jwks(with(ecJWK(attackerEC, "bad"), object{"y": nil}), ecJWK(ecKey, "new")), 0o600, changed)
	_, newKey := set.lookup("new", ES256)
	_, oldKey := set.lookup("old", ES256)
	if !newKey || oldKey {
		t.Errorf("the new key is there: %v, the old one: %v", newKey, oldKey)
	}
	if last.Keys != 1 || len(last.PassedOver) != 1 || last.PassedOver[0].String() != `keys[0] (kid "bad"): y: missing` {
		t.Errorf("reported %+v, want one key, and the bad one with its reason", last)
	}
}

func TestAKeySetWithoutItsFileKeepsItsKeysAndSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, jwks(ecJWK(ecKey, "ec")), 0o600); err != nil {
		t.Fatal(err)
	}
	written := now.Add(-time.Hour)
	if err := os.Chtimes(path, written, written); err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 4)
	set, err := OpenKeySet(path, func(_ Contents, err error) { changed <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-changed:
	case <-time.After(10 * time.Second):
		t.Fatal("the change was not noticed")
	}
	if err == nil || set.LastError() == nil {
		t.Error("a file that is gone is no error")
	}
	if _, ok := set.lookup("ec", ES256); !ok || !set.Modified().Equal(written) {
		t.Errorf("its key is there: %v, of %v; want that of %v", ok, set.Modified(), written)
	}
}
