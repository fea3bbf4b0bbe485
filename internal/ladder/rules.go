package ladder

import (
	"iter"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Storable reports whether a live answer may be kept and served again later to
// the same principal. It must be a complete 200 that is not a stream and sets
// no cookie. Neither the request's Cache-Control nor its own may forbid it (RFC
// 9111, sections 5.2.1.5 and 5.2.2). A private answer needs a known principal.
func Storable(request http.Header, principal string, status int, response http.Header) bool {
	if status != http.StatusOK || streams(response) || len(response["Set-Cookie"]) > 0 {
		return false
	}
	if has(request, "no-store") || contains(members(response["Vary"]), "*") {
		return false
	}
	for _, forbidding := range []string{"no-store", "no-cache", "must-revalidate", "proxy-revalidate"} {
		if has(response, forbidding) {
			return false
		}
	}
	return principal != "" || !has(response, "private")
}

// AcceptsStale reports whether the client accepts an earlier answer. It does
// not if it sends Cache-Control: no-cache or no-store.
func AcceptsStale(request http.Header) bool {
	return !has(request, "no-cache") && !has(request, "no-store")
}

// streams reports whether a response goes on for as long as it pleases, so
// that it can be passed on but neither held back nor kept.
func streams(response http.Header) bool {
	if response.Get("Incremental") == "?1" {
		return true
	}
	contentType := response.Get("Content-Type")
	if contentType == "application/json" {
		return false // the usual, without the cost of parsing it
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch mediaType {
	case "text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq":
		return true
	}
	return strings.HasPrefix(mediaType, "multipart/")
}

// has reports whether Cache-Control carries the directive, with or without an
// argument.
func has(header http.Header, directive string) bool {
	for member := range members(header["Cache-Control"]) {
		name, _, _ := strings.Cut(member, "=")
		if strings.EqualFold(strings.TrimSpace(name), directive) {
			return true
		}
	}
	return false
}

// varying returns the request fields that the response depends on: those of its
// Vary, Accept in any case, since one path may answer in several formats, and
// Accept-Encoding where the body is encoded.
func varying(response http.Header) []string {
	fields := append(slices.Collect(members(response["Vary"])), "Accept")
	if response.Get("Content-Encoding") != "" {
		fields = append(fields, "Accept-Encoding")
	}
	return fields
}

// members splits list fields at their commas and drops what is empty.
func members(values []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, value := range values {
			for member := range strings.SplitSeq(value, ",") {
				if member = strings.TrimSpace(member); member != "" && !yield(member) {
					return
				}
			}
		}
	}
}

func contains(members iter.Seq[string], wanted string) bool {
	for member := range members {
		if member == wanted {
			return true
		}
	}
	return false
}
