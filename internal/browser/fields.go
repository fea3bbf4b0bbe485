// Package browser says what browsers are told with every answer: how they have
// to treat it, and which other sites' scripts may read it.
package browser

import (
	"maps"
	"net/http"
	"slices"
)

// Recommended are the header fields that OWASP's Secure Headers Project
// recommends, for answers that are data: nothing in them runs, loads or frames
// anything. Only Clear-Site-Data is not among them, because it is for an answer
// that logs out.
func Recommended() map[string]string {
	return map[string]string{
		"Content-Security-Policy":           "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cross-Origin-Embedder-Policy":      "require-corp",
		"Cross-Origin-Opener-Policy":        "same-origin",
		"Cross-Origin-Resource-Policy":      "same-origin",
		"Permissions-Policy":                "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
		"Referrer-Policy":                   "no-referrer",
		"X-Content-Type-Options":            "nosniff",
		"X-Frame-Options":                   "DENY",
		"X-Permitted-Cross-Domain-Policies": "none",
	}
}

// StrictTransport is the field that only an answer over TLS has: over plain
// HTTP it means nothing (RFC 6797, section 8.1).
const (
	StrictTransport      = "Strict-Transport-Security"
	StrictTransportValue = "max-age=31536000"
)

// Telling are fields that tell strangers which software answers.
var Telling = []string{
	"Server", "Via", "X-Powered-By", "X-Generator", "X-Php-Version",
	"X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Envoy-Upstream-Service-Time",
}

// Fields are what is done to the header of an answer. They are made once, and
// are used by many requests at a time.
type Fields struct {
	names, values []string
	removed       []string
	vary          string
}

// NewFields returns the fields that set values by their names, in place of
// what an answer has, and remove others.
func NewFields(set map[string]string, remove ...string) *Fields {
	f := new(Fields)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		f.names = append(f.names, http.CanonicalHeaderKey(name))
		f.values = append(f.values, set[name])
	}
	for _, name := range remove {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(f.names, name) {
			f.removed = append(f.removed, name)
		}
	}
	return f
}

// Apply changes the header of an answer with the status. An answer that does
// not say who may keep it is kept by nobody: it may be for its caller alone. A
// 304 would change what was said of an answer that is kept.
func (f *Fields) Apply(header http.Header, status int) {
	for _, name := range f.removed {
		delete(header, name)
	}
	values := slices.Clone(f.values) // whoever edits one edits its own
	for i, name := range f.names {
		header[name] = values[i : i+1 : i+1]
	}
	if f.vary != "" && !varies(header, f.vary) {
		header["Vary"] = append(header["Vary"], f.vary)
	}
	if len(header["Cache-Control"]) == 0 && status != http.StatusNotModified {
		header["Cache-Control"] = []string{"no-store"}
	}
}

func varies(header http.Header, field string) bool { return slices.Contains(header["Vary"], field) }
