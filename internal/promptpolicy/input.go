package promptpolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// Input is what a policy judges. Every evaluation passes every field to the
// rules, as null if it is empty, because a rule that reads an absent field
// would silently not hold.
type Input struct {
	Request Request
	// Principal is null in the rules for an anonymous request.
	Principal *exchange.Principal
	// Body is the parsed body, as [exchange.Exchange.JSON] returns it; nil for
	// none.
	Body any
	// Prompts are the texts of the body that are meant for the model.
	Prompts []exchange.Prompt
	// items is how many items of the request are judged apart from each other.
	items int
	// Limits are the limits charged so far.
	Limits []exchange.LimitState
	// ServedBy is the rung of the ladder that answered; empty before an answer.
	ServedBy string
	// Since is when judging began: the policy's timeout counts from then. If it is
	// zero, the timeout counts from the call of [Policy.Decide]. Rules do not see
	// it.
	Since time.Time
}

// Request is a request without its body.
type Request struct {
	ID       string
	Method   string
	Path     string
	ClientIP string
}

// The names of the input document, made once.
var (
	keyComplete   = ast.StringTerm("complete")
	keyPhase      = ast.StringTerm("phase")
	keyRequest    = ast.StringTerm("request")
	keyPrincipal  = ast.StringTerm("principal")
	keyBody       = ast.StringTerm("body")
	keyPrompts    = ast.StringTerm("prompts")
	keySignals    = ast.StringTerm("signals")
	keyItems      = ast.StringTerm("items")
	keyLimits     = ast.StringTerm("limits")
	keyServedBy   = ast.StringTerm("served_by")
	keyID         = ast.StringTerm("id")
	keyMethod     = ast.StringTerm("method")
	keyPath       = ast.StringTerm("path")
	keyClientIP   = ast.StringTerm("client_ip")
	keyTenant     = ast.StringTerm("tenant")
	keyScopes     = ast.StringTerm("scopes")
	keyClaims     = ast.StringTerm("claims")
	keyText       = ast.StringTerm("text")
	keyNormalised = ast.StringTerm("normalised")
	keyName       = ast.StringTerm("name")
	keyRemaining  = ast.StringTerm("remaining")
	phaseRequest  = ast.StringTerm("request")
)

// document builds the wanted members of the input for the evaluator, without a
// detour over JSON. Signals and found may be nil where they are not wanted.
func (in *Input) document(signals, found *ast.Term, wanted func(member string) bool) (ast.Value, error) {
	var items [][2]*ast.Term
	var failed error
	add := func(name *ast.Term, build func() (*ast.Term, error)) {
		if failed != nil || !wanted(string(name.Value.(ast.String))) {
			return
		}
		var value *ast.Term
		if value, failed = build(); failed == nil {
			items = append(items, ast.Item(name, value))
		}
	}
	add(keyComplete, func() (*ast.Term, error) { return ast.InternedTerm(true), nil })
	add(keyPhase, func() (*ast.Term, error) { return phaseRequest, nil })
	add(keyRequest, func() (*ast.Term, error) { return requestTerm(&in.Request), nil })
	add(keyPrincipal, func() (*ast.Term, error) { return principalTerm(in.Principal) })
	add(keyBody, func() (*ast.Term, error) { return bodyTerm(in.Body) })
	add(keyPrompts, func() (*ast.Term, error) { return promptsTerm(in.Prompts), nil })
	add(keySignals, func() (*ast.Term, error) { return signals, nil })
	add(keyFound, func() (*ast.Term, error) { return found, nil })
	add(keyItems, func() (*ast.Term, error) { return ast.NumberTerm(numberOf(int64(in.items))), nil })
	add(keyLimits, func() (*ast.Term, error) { return limitsTerm(in.Limits), nil })
	add(keyServedBy, func() (*ast.Term, error) { return orNull(in.ServedBy), nil })
	if failed != nil {
		return nil, fmt.Errorf("building the policy's input: %w", failed)
	}
	return ast.NewObject(items...), nil
}

func requestTerm(r *Request) *ast.Term {
	return ast.ObjectTerm(
		ast.Item(keyID, ast.StringTerm(r.ID)),
		ast.Item(keyMethod, ast.InternedTerm(r.Method)),
		ast.Item(keyPath, ast.StringTerm(r.Path)),
		ast.Item(keyClientIP, ast.StringTerm(r.ClientIP)),
	)
}

func bodyTerm(body any) (*ast.Term, error) {
	term, err := termOf(body)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return term, nil
}

func principalTerm(p *exchange.Principal) (*ast.Term, error) {
	if p == nil {
		return ast.InternedNullTerm, nil
	}
	claims := map[string]any{}
	if p.Claims != nil {
		claims = p.Claims
	}
	claimsTerm, err := termOf(claims)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	scopes := make([]*ast.Term, len(p.Scopes))
	for i, scope := range p.Scopes {
		scopes[i] = ast.InternedTerm(scope)
	}
	return ast.ObjectTerm(
		ast.Item(keyID, ast.StringTerm(p.ID)),
		ast.Item(keyTenant, ast.StringTerm(p.Tenant)),
		ast.Item(keyMethod, ast.InternedTerm(p.Method)),
		ast.Item(keyScopes, ast.ArrayTerm(scopes...)),
		ast.Item(keyClaims, claimsTerm),
	), nil
}

func promptsTerm(prompts []exchange.Prompt) *ast.Term {
	terms := make([]*ast.Term, len(prompts))
	for i, prompt := range prompts {
		terms[i] = ast.ObjectTerm(
			ast.Item(keyPath, ast.StringTerm(prompt.Path)),
			ast.Item(keyText, ast.StringTerm(prompt.Text)),
			ast.Item(keyNormalised, ast.StringTerm(prompt.Normalised)),
		)
	}
	return ast.ArrayTerm(terms...)
}

func limitsTerm(limits []exchange.LimitState) *ast.Term {
	terms := make([]*ast.Term, len(limits))
	for i, limit := range limits {
		terms[i] = ast.ObjectTerm(
			ast.Item(keyName, ast.StringTerm(limit.Name)),
			ast.Item(keyRemaining, ast.NumberTerm(numberOf(limit.Remaining))),
		)
	}
	return ast.ArrayTerm(terms...)
}

func numberOf(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func orNull(s string) *ast.Term {
	if s == "" {
		return ast.InternedNullTerm
	}
	return ast.StringTerm(s)
}

// termOf converts parsed JSON. Claims may hold other Go values, for which OPA
// has a slower conversion.
func termOf(value any) (*ast.Term, error) {
	switch value := value.(type) {
	case nil:
		return ast.InternedNullTerm, nil
	case bool:
		return ast.InternedTerm(value), nil
	case string:
		return ast.StringTerm(value), nil
	case json.Number:
		if err := strictjson.CheckNumber(value); err != nil {
			return nil, err
		}
		return ast.NumberTerm(value), nil
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, errors.New("a number that JSON cannot express")
		}
		return ast.FloatNumberTerm(value), nil
	case []any:
		return arrayTerm(value)
	case map[string]any:
		return objectTerm(value)
	}
	converted, err := ast.InterfaceToValue(value)
	if err != nil {
		return nil, fmt.Errorf("a value of Go type %T: %w", value, err)
	}
	return ast.NewTerm(converted), nil
}

func arrayTerm(values []any) (*ast.Term, error) {
	terms := make([]*ast.Term, len(values))
	for i, value := range values {
		var err error
		if terms[i], err = termOf(value); err != nil {
			return nil, err
		}
	}
	return ast.ArrayTerm(terms...), nil
}

func objectTerm(members map[string]any) (*ast.Term, error) {
	items := make([][2]*ast.Term, 0, len(members))
	for name, value := range members {
		term, err := termOf(value)
		if err != nil {
			return nil, err
		}
		items = append(items, ast.Item(ast.InternedTerm(name), term))
	}
	return ast.ObjectTerm(items...), nil
}
