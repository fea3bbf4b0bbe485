package redact

import "net/http"

// shown are the header fields whose values may be logged. Any other may hold a
// credential under a name that is not known here.
var shown = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Encoding",
		"Content-Length", "Content-Type", "Expect", "If-Modified-Since", "If-None-Match", "Priority", "Range", "Sec-Fetch-Dest",
		"Sec-Fetch-Mode", "Sec-Fetch-Site", "Te", "Traceparent", "Transfer-Encoding", "Upgrade", "User-Agent", "X-Request-Id",

		"Access-Control-Allow-Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method", "Age", "Allow", "Alt-Svc",
		"Content-Security-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
		"Date", "Etag", "Gate-Served-By", "Last-Modified", "Origin", "Permissions-Policy", "Ratelimit", "Ratelimit-Policy",
		"Referrer-Policy", "Retry-After", "Server", "Server-Timing", "Strict-Transport-Security", "Vary", "Www-Authenticate",
		"X-Content-Type-Options", "X-Frame-Options", "X-Permitted-Cross-Domain-Policies",
	} {
		names[name] = true
	}
	return names
}()

// Header reports whether the values of a header field may be logged, after
// [Text].
func Header(name string) bool { return shown[http.CanonicalHeaderKey(name)] }

// HeaderURI reports whether the field holds a URI, which may be logged after
// [URI].
func HeaderURI(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Location", "Content-Location", "Referer":
		return true
	}
	return false
}
