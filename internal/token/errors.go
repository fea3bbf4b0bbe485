package token

import "errors"

// Why a token is refused. Each error of [Verifier.Verify] wraps exactly one of
// these, and its text never holds a part of the token.
var (
	// ErrMalformed is something that is not a compact JWS of a JSON object, or is too large.
	ErrMalformed = errors.New("malformed token")
	// ErrAlgorithm is an algorithm that is not in the pinned list.
	ErrAlgorithm = errors.New("algorithm not allowed")
	// ErrCritical is a header extension that must be understood and is not.
	ErrCritical = errors.New("unknown critical header")
	// ErrUnknownKey is a key that is not there, is not good now, or is for another algorithm.
	ErrUnknownKey = errors.New("unknown key")
	// ErrSignature is a signature that does not verify.
	ErrSignature = errors.New("bad signature")
	// ErrIssuer is another issuer than those accepted.
	ErrIssuer = errors.New("wrong issuer")
	// ErrAudience is a token made for somebody else.
	ErrAudience = errors.New("wrong audience")
	// ErrExpired is a token whose time is over.
	ErrExpired = errors.New("token expired")
	// ErrNotYetValid is a token whose time has not come.
	ErrNotYetValid = errors.New("token not yet valid")
	// ErrClaim is a claim that is missing, of the wrong type, or that the key may not vouch for.
	ErrClaim = errors.New("bad claim")
	// ErrScope is a good token that does not permit enough.
	ErrScope = errors.New("insufficient scope")
)
