package httpsig

import "errors"

// The reasons to refuse a signature. Each error of [Verifier.Verify] wraps
// exactly one of these; none contains a secret.
var (
	// ErrMissing is a request without a signature.
	ErrMissing = errors.New("no signature")
	// ErrMalformed is a signature that cannot be read, or is too large.
	ErrMalformed = errors.New("malformed signature")
	// ErrUncovered is a signature that does not cover a part of the request
	// that it must cover.
	ErrUncovered = errors.New("signature does not cover enough")
	// ErrAlgorithm is an algorithm other than hmac-sha256.
	ErrAlgorithm = errors.New("algorithm not allowed")
	// ErrUnknownKey is a key that does not exist, is not valid now, or is for
	// another use.
	ErrUnknownKey = errors.New("unknown key")
	// ErrSignature is a signature that does not verify.
	ErrSignature = errors.New("bad signature")
	// ErrExpired is a signature that is too old.
	ErrExpired = errors.New("signature expired")
	// ErrNotYetValid is a signature from the future.
	ErrNotYetValid = errors.New("signature not yet valid")
	// ErrBody is a body that could not be read; the error wraps the cause as well.
	ErrBody = errors.New("signed body cannot be read")
	// ErrDigest is a body that does not match its digest.
	ErrDigest = errors.New("body does not match its digest")
	// ErrScope is a valid signature by a key that lacks a scope.
	ErrScope = errors.New("insufficient scope")
	// ErrReplayed is a signature that was used before.
	ErrReplayed = errors.New("signature used before")
	// ErrUnavailable is a nonce store that cannot answer.
	ErrUnavailable = errors.New("replays cannot be told")
)
