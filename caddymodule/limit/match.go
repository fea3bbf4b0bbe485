package limit

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// provisionMatchers loads the matchers of the limits that have some.
func (h *Handler) provisionMatchers(ctx caddy.Context) error {
	for i := range h.Limits {
		l := &h.Limits[i]
		if len(l.Match) == 0 {
			continue
		}
		loaded, err := ctx.LoadModule(l, "Match")
		if err != nil {
			return fmt.Errorf("limit %q: match: %w", l.Name, err)
		}
		if err := l.matchers.FromInterface(loaded); err != nil {
			return fmt.Errorf("limit %q: match: %w", l.Name, err)
		}
	}
	return nil
}

// applies reports whether the limit applies to the request.
func (l *Limit) applies(r *http.Request) (bool, error) {
	if len(l.matchers) == 0 {
		return true, nil
	}
	return l.matchers.AnyMatchWithError(r)
}

// readMatch reads what follows match: a matcher token, such as @batches, which
// stays as it is until [Handler.resolveMatchers], or matchers.
func (l *Limit) readMatch(d *caddyfile.Dispenser) error {
	tokens := d.NextSegment()
	switch {
	case len(tokens) == 1 || tokens[1].Text == "":
		return d.Err("match: its value is missing; write for example: match path /batch*")
	case len(tokens) == 2 && isMatcherToken(tokens[1]):
		l.named = append(l.named, tokens)
		return nil
	}
	nested := caddyfile.NewDispenser(tokens)
	nested.Next()
	set, err := caddyhttp.ParseCaddyfileNestedMatcherSet(nested)
	if err != nil {
		return err
	}
	l.Match = append(l.Match, set)
	return nil
}

// isMatcherToken reports whether a word is a matcher by itself: the name of
// one, or a path.
func isMatcherToken(token caddyfile.Token) bool {
	return !token.Quoted() && (strings.HasPrefix(token.Text, "@") || strings.HasPrefix(token.Text, "/"))
}

// resolveMatchers replaces the matcher tokens by what they stand for.
func (h *Handler) resolveMatchers(helper httpcaddyfile.Helper) error {
	for i := range h.Limits {
		l := &h.Limits[i]
		for _, tokens := range l.named {
			d := caddyfile.NewDispenser(tokens)
			d.Next()
			set, _, err := helper.WithDispenser(d).MatcherToken()
			if err != nil {
				return d.Errf("limit %s: match: %w", l.Name, err)
			}
			l.Match = append(l.Match, set)
		}
	}
	return nil
}
