package policy

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/promptpolicy"
)

const (
	// placeholderPrefix begins the placeholders of what a policy says.
	placeholderPrefix = "gate.policy."
	// tagPrefix begins those of tags: {gate.policy.tags.NAME}.
	tagPrefix = placeholderPrefix + "tags."
	// costPlaceholder is what the request costs the limits that follow.
	costPlaceholder = placeholderPrefix + "limit_cost"
)

// carryOut carries out the obligations of a decision.
func carryOut(r *http.Request, x *exchange.Exchange, d *promptpolicy.Decision) {
	emptyPlaceholders(r)
	for _, o := range d.Obligations {
		switch {
		case o.Type == promptpolicy.TagObligation:
			tag(r, o)
		case o.Target == promptpolicy.OnUpstream:
			r.Header.Set(o.Name, o.Value)
		case o.Target == promptpolicy.OnResponse:
			x.Response.Set(o.Name, o.Value)
		}
	}
	if cost := d.Cost(); cost != "" {
		if repl, ok := replacer(r); ok {
			repl.Set(costPlaceholder, cost)
		}
	}
	if len(d.Labels) > 0 {
		logField(r, zap.Strings("policy_labels", d.Labels))
	}
	if len(d.Observed) > 0 {
		logField(r, zap.Strings("policy_observed", observed(d)))
	}
}

// tag makes a value available to later handlers and to the access log.
func tag(r *http.Request, o promptpolicy.Obligation) {
	if repl, ok := replacer(r); ok {
		repl.Set(tagPrefix+o.Name, o.Value)
	}
	logField(r, zap.String("policy_tag_"+o.Name, o.Value))
}

// emptyPlaceholders makes the placeholders of what the policy did not say
// empty. Unknown placeholders would stay in the text as they are.
func emptyPlaceholders(r *http.Request) {
	repl, ok := replacer(r)
	if !ok {
		return
	}
	repl.Map(func(key string) (any, bool) {
		return "", strings.HasPrefix(key, placeholderPrefix)
	})
}

func replacer(r *http.Request) (*caddy.Replacer, bool) {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	return repl, ok
}

func logField(r *http.Request, field zap.Field) {
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(field)
	}
}
