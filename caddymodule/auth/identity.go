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

// metadata is the principal as Caddy's placeholders have it, without its id.
// A claim cannot take the name of one of ours.
func metadata(p *exchange.Principal) map[string]string {
	data := make(map[string]string, len(p.Claims)+3)
	for name, value := range p.Claims {
		if text, ok := scalar(value); ok {
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

func setPlaceholders(r *http.Request, p *exchange.Principal) {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	for name, value := range metadata(p) {
		repl.Set("http.auth.user."+name, value)
	}
	repl.Set("http.auth.user.id", p.ID)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
