package token

import "errors"

// The reasons to refuse a token. Each error of [Verifier.Verify] wraps exactly
// one of these, and its text never contains a part of the token.
var (
	// ErrMalformed is something that is not a compact JWS of a JSON object, or is
	// too large.
	ErrMalformed = errors.New("malformed token")
	// ErrAlgorithm is an algorithm that is not in the pinned list.
	ErrAlgorithm = errors.New("algorithm not allowed")
	// ErrCritical is an unknown header extension that the token marks as
	// critical.
	ErrCritical = errors.New("unknown critical header")
	// ErrUnknownKey is a key that does not exist, is not valid now, or is for
	// another algorithm.
	ErrUnknownKey = errors.New("unknown key")
	// ErrSignature is a signature that does not verify.
	ErrSignature = errors.New("bad signature")
	// ErrIssuer is an issuer that is not accepted.
	ErrIssuer = errors.New("wrong issuer")
	// ErrAudience is a token made for somebody else.
	ErrAudience = errors.New("wrong audience")
	// ErrExpired is a token that has expired.
	ErrExpired = errors.New("token expired")
	// ErrNotYetValid is a token that is not valid yet.
	ErrNotYetValid = errors.New("token not yet valid")
	// ErrClaim is a claim that is missing, of the wrong type, or that the key may
	// not vouch for.
	ErrClaim = errors.New("bad claim")
	// ErrScope is a valid token that lacks a scope.
	ErrScope = errors.New("insufficient scope")
)
