package gate

import (
	"net/http"
	"slices"
	"strings"
)

// identityPrefix begins the fields by which the gateway speaks to the upstream.
const identityPrefix = "Gate-"

// DropIdentity takes out every field that a client could pass itself off with:
// those that begin with Gate-, in any spelling that an upstream may take for
// it.
func DropIdentity(header http.Header) {
	for name := range header {
		if isIdentity(name) {
			delete(header, name)
		}
	}
}

// endHop takes out the fields that Connection names, which were meant for us
// alone, and then their names. The proxy would do so at the end of the chain
// (RFC 9110, section 7.6.1), and with the client's fields take out those
// that a handler has set meanwhile: an obligation of the policy, the principal.
// It also makes every handler judge the fields that the upstream gets, and no
// others.
func endHop(header http.Header) {
	options := members(header["Connection"])
	kept := slices.DeleteFunc(options, func(option string) bool {
		switch strings.ToLower(option) {
		case "close", "keep-alive", "upgrade":
			return false // They are about the connection itself.
		}
		header.Del(option)
		return true
	})
	if len(kept) == len(options) {
		return
	}
	header.Del("Connection")
	if len(kept) > 0 {
		header.Set("Connection", strings.Join(kept, ", "))
	}
}

// members returns the members of a field that is a list of words.
func members(values []string) []string {
	return strings.FieldsFunc(strings.Join(values, ","), func(c rune) bool {
		return c == ',' || c == ' ' || c == '\t'
	})
}

// hyphens stand for what some upstreams take for one.
var hyphens = strings.NewReplacer("_", "-", ".", "-")

// isIdentity counts _ and . as hyphens, as some upstreams do.
func isIdentity(name string) bool {
	plain := hyphens.Replace(name)
	return len(plain) >= len(identityPrefix) && strings.EqualFold(plain[:len(identityPrefix)], identityPrefix)
}
