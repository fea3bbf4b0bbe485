package gate

import (
	"net/http"
	"slices"
	"strings"
)

// identityPrefix begins the fields by which the gateway speaks to the upstream.
const identityPrefix = "Gate-"

// DropIdentity removes every field with which a client could pretend to be
// somebody: those that begin with Gate-, in any spelling that an upstream may
// treat the same.
func DropIdentity(header http.Header) {
	for name := range header {
		if isIdentity(name) {
			delete(header, name)
		}
	}
}

// endHop removes the fields that Connection names, which are meant for us
// alone, and their names from Connection (RFC 9110, section 7.6.1). If this
// were left to the proxy at the end of the chain, a client could name a field
// that a handler sets meanwhile, such as the principal, and the proxy would
// remove it. Also, every handler now sees the same fields as the upstream.
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

// isIdentity reports whether a field's name begins with Gate-. It treats _ and
// . as hyphens, as some upstreams do.
func isIdentity(name string) bool {
	const word = len(identityPrefix) - 1
	return len(name) > word && strings.EqualFold(name[:word], identityPrefix[:word]) && strings.IndexByte("-_.", name[word]) >= 0
}
