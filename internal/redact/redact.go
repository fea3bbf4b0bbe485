// Package redact removes from logs and traces what must not be kept:
// credentials, the values of queries, and the part of a client's address that
// distinguishes it from its neighbours.
package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Redacted stands where something was taken out.
const Redacted = "REDACTED"

// How many leading bits of a client's address are kept.
const (
	ipv4Bits = 24
	ipv6Bits = 56
)

// Address masks a client's address, with or without a port. Other text is
// returned unchanged.
func Address(s string) string {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return mask(addr).String()
	}
	if addrPort, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(mask(addrPort.Addr()), addrPort.Port()).String()
	}
	return s
}

func mask(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	bits := ipv6Bits
	if addr.Is4() {
		bits = ipv4Bits
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Addr{} // cannot be: the bits fit the family
	}
	return prefix.Addr()
}

// URI removes from a URI the values of the query, the fragment, and a user with
// a password before the host. The names of parameters stay.
func URI(s string) string {
	s, _, _ = strings.Cut(s, "#")
	path, query, found := strings.Cut(s, "?")
	path = Text(path)
	if !found {
		return path
	}
	kept := make([]byte, 0, len(path)+len(query)+len(Redacted)+1)
	kept = append(append(kept, path...), '?')
	for pair := range strings.FieldsFuncSeq(query, isSeparator) {
		if len(kept) > len(path)+1 {
			kept = append(kept, '&')
		}
		if name, _, named := strings.Cut(pair, "="); named && len(name) <= maxName {
			kept = append(append(kept, Text(name)...), '=')
		} // What stands alone is a value as likely as a name.
		kept = append(kept, Redacted...)
	}
	return string(kept)
}

func isSeparator(c rune) bool { return c == '&' || c == ';' }

// maxName is the most bytes that count as a parameter's name.
const maxName = 64

var (
	// A parameter of a URL that is quoted in a text.
	parameter = regexp.MustCompile(`([?&#][^\s=&#?"']{0,64}=)[^\s&#"']*`)
	// A user and a password before the host of a URL.
	userinfo = regexp.MustCompile(`(://)[^/\s@"']+@`)
	// The scheme of an Authorization field, and what follows it.
	scheme = regexp.MustCompile(`(?i)\b(bearer|basic|dpop)[ :=]+[a-z0-9+/=._~-]{16,}`)
	// A JSON Web Token: it begins with the letters of `{"` in base64.
	webToken = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*`)
	// What net/http and net write before the address of the other side.
	peer = regexp.MustCompile(`(->|\bfrom |\bserving |\bclient |\bpeer )(\[[0-9a-fA-F:.%]+\]:\d+|[0-9a-fA-F:.]*[0-9a-fA-F])`)
)

// Text removes credentials and values of queries from a text, such as an error
// message, and masks the addresses of clients. The address of an upstream that
// could not be reached stays.
func Text(s string) string {
	if strings.Contains(s, "=") && strings.ContainsAny(s, "?&#") {
		s = parameter.ReplaceAllString(s, "${1}"+Redacted)
	}
	if strings.Contains(s, "@") && strings.Contains(s, "://") {
		s = userinfo.ReplaceAllString(s, "${1}"+Redacted+"@")
	}
	if len(s) > 16 {
		s = credentials(s)
	}
	if containsAny(s, peerMarks) {
		s = peer.ReplaceAllStringFunc(s, maskPeer)
	}
	return s
}

// Each match has one of these in it. Looking for them first is much cheaper.
var (
	peerMarks   = []string{"->", "from ", "serving ", "client ", "peer "}
	schemeMarks = []string{"earer", "EARER", "asic", "ASIC", "pop", "PoP", "POP"}
)

func containsAny(s string, marks []string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(s, mark) })
}

func credentials(s string) string {
	if strings.Contains(s, "eyJ") {
		s = webToken.ReplaceAllString(s, Redacted)
	}
	if containsAny(s, schemeMarks) {
		s = scheme.ReplaceAllString(s, "${1} "+Redacted)
	}
	return s
}

func maskPeer(match string) string {
	parts := peer.FindStringSubmatch(match)
	return parts[1] + Address(parts[2])
}
