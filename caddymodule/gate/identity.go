package gate

import (
	"net/http"
	"slices"
	"strings"
)

// identityPrefix begins the fields by which the gateway speaks to the upstream.
const identityPrefix = "Gate-"

// DropIdentity takes out every field that a client could pass itself off with:
// those that begin with Gate-, in any spelling that an upstream may take for it.
// It also keeps Connection from naming them: the proxy would then take out ours
// as hop-by-hop fields, and the upstream would see an anonymous request.
func DropIdentity(header http.Header) {
	for name := range header {
		if isIdentity(name) {
			delete(header, name)
		}
	}
	dropFromConnection(header)
}

func dropFromConnection(header http.Header) {
	options := strings.FieldsFunc(strings.Join(header.Values("Connection"), ","), func(c rune) bool {
		return c == ',' || c == ' ' || c == '\t'
	})
	if !slices.ContainsFunc(options, isIdentity) {
		return
	}
	header.Set("Connection", strings.Join(slices.DeleteFunc(options, isIdentity), ", "))
}

// isIdentity counts _ and . as hyphens, as some upstreams do.
func isIdentity(name string) bool {
	plain := strings.NewReplacer("_", "-", ".", "-").Replace(name)
	return len(plain) >= len(identityPrefix) && strings.EqualFold(plain[:len(identityPrefix)], identityPrefix)
}
