package auth

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/keyring"
)

func setIdentity(header http.Header, p *exchange.Principal) {
	values := []string{p.ID, p.Method, p.Tenant, p.Authority, strings.Join(p.Scopes, " ")}
	for i, name := range [...]string{"Gate-Principal", "Gate-Auth-Method", "Gate-Tenant", "Gate-Authority", "Gate-Scopes"} {
		if i < 2 || values[i] != "" {
			header[name] = values[i : i+1 : i+1] // Who appends gets a copy.
		}
	}
}

// metadata returns the principal as Caddy's placeholders have it, without its
// id. A claim cannot replace one of our names. A claim that is not printable is
// left out: in a field for the upstream, it would make the request invalid.
func metadata(p *exchange.Principal) map[string]string {
	data := make(map[string]string, len(p.Claims)+3)
	for name, value := range p.Claims {
		if text, ok := printable(value); ok {
			data[name] = text
		}
	}
	delete(data, "id")
	data["tenant"] = p.Tenant
	data["scopes"] = strings.Join(p.Scopes, " ")
	data["method"] = p.Method
	return data
}

// printable returns the text of a claim that is a scalar.
func printable(value any) (string, bool) {
	text, ok := scalar(value)
	return text, ok && keyring.Printable(text)
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	default:
		return "", false
	}
}

// placeholderPrefix begins the placeholders of a principal. Caddy's own
// authentication handler uses the same.
const placeholderPrefix = "http.auth.user."

// setPlaceholders makes the placeholders those of the exchange's principal,
// also of one that takes its place. Their values are made when they are asked
// for: most requests ask for one or none.
func setPlaceholders(r *http.Request, x *exchange.Exchange) {
	clearPlaceholders(r)
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Map(func(name string) (any, bool) {
		name, ours := strings.CutPrefix(name, placeholderPrefix)
		if !ours {
			return nil, false
		}
		return placeholder(x.Principal, name)
	})
}

// placeholder returns the value of a principal's placeholder. A claim cannot
// replace one of our names.
func placeholder(p *exchange.Principal, name string) (any, bool) {
	switch name {
	case "id":
		return p.ID, true
	case "tenant":
		return p.Tenant, true
	case "scopes":
		return strings.Join(p.Scopes, " "), true
	case "method":
		return p.Method, true
	}
	text, ok := printable(p.Claims[name])
	return text, ok
}

// clearPlaceholders removes those that Caddy's own authentication has set: the
// claims of one principal must not pass for those of the next.
func clearPlaceholders(r *http.Request) {
	r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer).DeleteByPrefix(placeholderPrefix)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
