package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"filippo.io/edwards25519"
)

// The floors and ceilings of RSA keys. RFC 7518, section 3.3, demands 2048
// bits; FIPS 186-5 demands an odd exponent above 2^16. The ceilings are those
// of crypto/tls and crypto/rsa: what is above them costs time and gains
// nothing.
//
// They are judged here, and not left to the JOSE library, because its own are
// settings of the whole process: Open Policy Agent turns them off as it starts.
const (
	minModulusBits = 2048
	maxModulusBits = 8192
	minExponent    = 1<<16 + 1
	maxExponent    = 1<<31 - 1
)

// jsonWebKey are the members of a JWK that decide whether it is for us, and
// those that make up a public key (RFC 7518, sections 6.2.1 and 6.3.1; RFC
// 8037, section 2).
type jsonWebKey struct {
	Type       string    `json:"kty"`
	Curve      string    `json:"crv"`
	Use        string    `json:"use"`
	Operations []string  `json:"key_ops"`
	Algorithm  Algorithm `json:"alg"`
	ID         string    `json:"kid"`

	X string `json:"x"`
	Y string `json:"y"`
	N string `json:"n"`
	E string `json:"e"`
}

// errOtherUse is a key that may be good, but not for what we do.
var errOtherUse = fmt.Errorf("not for verifying with one of %v", asymmetric)

// algorithm is the one that the key's type implies, so that a key is never
// used with another. A key that says it is for something else is not for us.
func (k jsonWebKey) algorithm() (Algorithm, error) {
	implied := map[[2]string]Algorithm{
		{"EC", "P-256"}: ES256, {"OKP", "Ed25519"}: EdDSA, {"RSA", ""}: RS256,
	}[[2]string{k.Type, k.Curve}]
	switch {
	case k.Type == "":
		return "", errors.New("kty: missing")
	case implied == "":
		return "", fmt.Errorf("kty and crv: %w", errOtherUse)
	case k.Algorithm != "" && k.Algorithm != implied:
		return "", fmt.Errorf("alg: %w", errOtherUse)
	case k.Use != "" && k.Use != "sig":
		return "", fmt.Errorf("use: %w", errOtherUse)
	case k.Operations != nil && !slices.Contains(k.Operations, "verify"):
		return "", fmt.Errorf("key_ops: %w", errOtherUse)
	}
	return implied, nil
}

// public makes the key that the algorithm verifies with. Its errors begin with
// the name of the bad member and quote no value.
func (k jsonWebKey) public(algorithm Algorithm) (equaler, error) {
	switch algorithm {
	case ES256:
		return k.ecdsa()
	case EdDSA:
		return k.ed25519()
	default:
		return k.rsa()
	}
}

// equaler is what every public key of the standard library can do.
type equaler interface{ Equal(crypto.PublicKey) bool }

func (k jsonWebKey) rsa() (equaler, error) {
	n, err := number("n", k.N)
	if err != nil {
		return nil, err
	}
	if bits := n.BitLen(); bits < minModulusBits || bits > maxModulusBits {
		return nil, fmt.Errorf("n: a modulus of %d bits, want %d to %d", bits, minModulusBits, maxModulusBits)
	}
	if n.Bit(0) == 0 {
		return nil, errors.New("n: an even modulus, which anyone can factor")
	}
	e, err := number("e", k.E)
	if err != nil {
		return nil, err
	}
	if !e.IsInt64() || e.Int64() < minExponent || e.Int64() > maxExponent || e.Bit(0) == 0 {
		return nil, fmt.Errorf("e: want an odd exponent from %d to %d", minExponent, maxExponent)
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func (k jsonWebKey) ecdsa() (equaler, error) {
	x, err := octets("x", k.X)
	if err != nil {
		return nil, err
	}
	y, err := octets("y", k.Y)
	if err != nil {
		return nil, err
	}
	if len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("x and y: %d and %d bytes, want 32 each for P-256", len(x), len(y))
	}
	uncompressed := append(append([]byte{4}, x...), y...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
	if err != nil {
		return nil, errors.New("x and y: not a point of P-256")
	}
	return key, nil
}

// ed25519 refuses the few points of small order as well: a signature by one of
// those can be made without any private key.
func (k jsonWebKey) ed25519() (equaler, error) {
	x, err := octets("x", k.X)
	if err != nil {
		return nil, err
	}
	point, err := new(edwards25519.Point).SetBytes(x)
	if err != nil {
		return nil, errors.New("x: not a point of Ed25519, which has 32 bytes")
	}
	if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil, errors.New("x: a point of small order, with which anyone can sign")
	}
	return ed25519.PublicKey(x), nil
}

// number is a Base64urlUInt (RFC 7518, section 2). Zeros before it do no harm.
func number(member, text string) (*big.Int, error) {
	bytes, err := octets(member, text)
	return new(big.Int).SetBytes(bytes), err
}

func octets(member, text string) ([]byte, error) {
	if text == "" {
		return nil, fmt.Errorf("%s: missing", member)
	}
	bytes, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: not base64url without padding", member)
	}
	return bytes, nil
}
