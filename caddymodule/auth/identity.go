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
	header.Set("Gate-Principal", p.ID)
	header.Set("Gate-Auth-Method", p.Method)
	if p.Tenant != "" {
		header.Set("Gate-Tenant", p.Tenant)
	}
	if len(p.Scopes) > 0 {
		header.Set("Gate-Scopes", strings.Join(p.Scopes, " "))
	}
}

// metadata returns the principal as Caddy's placeholders have it, without its
// id. A claim cannot replace one of our names. A claim that is not printable is
// left out: in a field for the upstream, it would make the request invalid.
func metadata(p *exchange.Principal) map[string]string {
	data := make(map[string]string, len(p.Claims)+3)
	for name, value := range p.Claims {
		if text, ok := scalar(value); ok && keyring.Printable(text) {
			data[name] = text
		}
	}
	delete(data, "id")
	data["tenant"] = p.Tenant
	data["scopes"] = strings.Join(p.Scopes, " ")
	data["method"] = p.Method
	return data
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

func setPlaceholders(r *http.Request, p *exchange.Principal) {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	for name, value := range metadata(p) {
		repl.Set(placeholderPrefix+name, value)
	}
	repl.Set(placeholderPrefix+"id", p.ID)
}

// clearPlaceholders removes the placeholders of an earlier principal, if there
// is one: its claims must not pass for those of the next.
func clearPlaceholders(r *http.Request, earlier *exchange.Principal) {
	if earlier == nil {
		return
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	for name := range metadata(earlier) {
		repl.Delete(placeholderPrefix + name)
	}
	repl.Delete(placeholderPrefix + "id")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
