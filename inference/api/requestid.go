package api

import (
	"context"
	"crypto/rand"
	"net/http"
)

type idKey struct{}

// requestID returns the id of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(idKey{}).(string)
	return id
}

// longestID bounds the ids that are taken over, in bytes.
const longestID = 128

// idOf takes over the id that the gateway gave a request, if it is one that can
// stand in a log line and a header, or else makes a new one.
func idOf(header http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id"} {
		if id := header.Get(name); isSafeID(id) {
			return id
		}
	}
	return rand.Text()
}

func isSafeID(id string) bool {
	if id == "" || len(id) > longestID {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
