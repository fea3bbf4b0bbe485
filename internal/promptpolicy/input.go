package promptpolicy

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

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

//go:embed input.schema.json
var inputSchemaJSON []byte

// inputSchema gives the compiler the types of the input. The compiler then
// refuses a rule that reads a field which does not exist.
func inputSchema() *ast.SchemaSet {
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, util.MustUnmarshalJSON(inputSchemaJSON))
	return set
}

// The names of the input document, made once.
var (
	keyComplete   = ast.StringTerm("complete")
	keyPhase      = ast.StringTerm("phase")
	keyRequest    = ast.StringTerm("request")
	keyPrincipal  = ast.StringTerm("principal")
	keyBody       = ast.StringTerm("body")
	keyPrompts    = ast.StringTerm("prompts")
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

// document builds the evaluator's input directly, without encoding it as JSON.
func (in *Input) document() (ast.Value, error) {
	body, err := termOf(in.Body)
	if err != nil {
		return nil, fmt.Errorf("building the policy's input: body: %w", err)
	}
	principal, err := principalTerm(in.Principal)
	if err != nil {
		return nil, fmt.Errorf("building the policy's input: claims: %w", err)
	}
	return ast.NewObject(
		ast.Item(keyComplete, ast.InternedTerm(true)),
		ast.Item(keyPhase, phaseRequest),
		ast.Item(keyRequest, ast.ObjectTerm(
			ast.Item(keyID, ast.StringTerm(in.Request.ID)),
			ast.Item(keyMethod, ast.InternedTerm(in.Request.Method)),
			ast.Item(keyPath, ast.StringTerm(in.Request.Path)),
			ast.Item(keyClientIP, ast.StringTerm(in.Request.ClientIP)),
		)),
		ast.Item(keyPrincipal, principal),
		ast.Item(keyBody, body),
		ast.Item(keyPrompts, promptsTerm(in.Prompts)),
		ast.Item(keyLimits, limitsTerm(in.Limits)),
		ast.Item(keyServedBy, orNull(in.ServedBy)),
	), nil
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
		return nil, err
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
