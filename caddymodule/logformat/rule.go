package logformat

import "github.com/odordiff/odordiff/internal/redact"

// rule is what is done to a text.
type rule int

const (
	sift    rule = iota // takes out credentials and values of queries
	hide                // leaves nothing
	cutURI              // leaves the path and the names of the parameters
	maskEnd             // leaves the network of an address
)

func (r rule) apply(text string) string {
	switch r {
	case hide:
		return redact.Redacted
	case cutURI:
		return redact.URI(text)
	case maskEnd:
		return redact.Address(text)
	}
	return redact.Text(text)
}

// place is where a field is. Its rule depends on that, and on its name.
type place struct {
	header bool // whether the fields are those of a header
	client bool // whether the values are parts of a client's address
}

func (p place) rule(key string) rule {
	switch {
	case p.header && redact.HeaderURI(key), !p.header && isURI(key):
		return cutURI
	case p.header && !redact.Header(key):
		return hide
	case p.client, !p.header && isAddress(key):
		return maskEnd
	}
	return sift
}

func (p place) text(key, value string) string { return p.rule(key).apply(value) }

// reflected redacts a value of maps, slices and scalars.
func (p place) reflected(key string, value any) any {
	switch v := value.(type) {
	case string:
		return p.text(key, v)
	case []any:
		for i := range v {
			v[i] = p.reflected(key, v[i])
		}
	case map[string]any:
		inside := place{header: p.header || isHeader(key), client: isAddress(key)}
		for name := range v {
			v[name] = inside.reflected(name, v[name])
		}
	}
	return value
}

// isHeader reports whether Caddy logs a header under the name.
func isHeader(key string) bool {
	switch key {
	case "headers", "header", "resp_headers", "trailers":
		return true
	}
	return false
}

func isURI(key string) bool {
	switch key {
	case "uri", "url", "request_uri", "location", "referer":
		return true
	}
	return false
}

// isAddress reports whether a client's address is logged under the name.
func isAddress(key string) bool {
	switch key {
	case "remote_ip", "client_ip", "remote_addr", "remote", "client", "RemoteAddr":
		return true
	}
	return false
}
