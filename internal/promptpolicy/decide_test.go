package promptpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/strictjson"
)

func TestDecisionThatBreaksTheContractIsAnError(t *testing.T) {
	const good = `"status": 200, "reasons": [], "obligations": [], "labels": []`
	for name, tc := range map[string]struct{ decision, want string }{
		"no object":                {`true`, "must be an object"},
		"allow is missing":         {`{` + good + `}`, `has no "allow"`},
		"allow is text":            {`{"allow": "true", ` + good + `}`, "allow: must be true or false"},
		"status is missing":        {`{"allow": true, "reasons": [], "obligations": [], "labels": []}`, `has no "status"`},
		"status of a refusal":      {`{"allow": true, "status": 403, "reasons": [], "obligations": [], "labels": []}`, "status: must be 200"},
		"status of an allowance":   {`{"allow": false, "status": 200, "reasons": [], "obligations": [], "labels": []}`, "status: must be between 400 and 499"},
		"status is a fraction":     {`{"allow": true, "status": 200.5, "reasons": [], "obligations": [], "labels": []}`, "status: must be an integer"},
		"obligations misspelt":     {`{"allow": true, "status": 200, "reasons": [], "obligation": [], "labels": []}`, `has no "obligations"`},
		"an unknown member":        {`{"allow": true, ` + good + `, "extra": 1}`, "has a member other than"},
		"a refusal for no reason":  {`{"allow": false, "status": 403, "reasons": [], "obligations": [], "labels": []}`, "a refusal needs one"},
		"reasons are an object":    {`{"allow": false, "status": 403, "reasons": {}, "obligations": [], "labels": []}`, "reasons: must be an array or a set"},
		"a reason without id":      {reason(`{"message": "m", "severity": "low"}`), `reasons: has no "id"`},
		"a reason with empty id":   {reason(`{"id": "", "message": "m", "severity": "low"}`), "reasons: id: must be a string that is not empty"},
		"an unknown severity":      {reason(`{"id": "i", "message": "m", "severity": "grave"}`), "severity: must be one of"},
		"an unknown obligation":    {oblige(`{"type": "redact"}`), "obligations: type: must be one of"},
		"an obligation of no type": {oblige(`{"name": "x"}`), "obligations: type: must be one of"},
		"an obligation as text":    {oblige(`"tag"`), "obligations: must be objects"},
		"a header without value":   {oblige(`{"type": "header", "target": "upstream", "name": "X-A"}`), `has no "value"`},
		"a header for nobody":      {oblige(`{"type": "header", "target": "client", "name": "X-A", "value": "v"}`), "target: must be one of"},
		"a header with a newline":  {oblige(`{"type": "header", "target": "response", "name": "X-A", "value": "a\r\nB: c"}`), "value: must be a valid header field value"},
		"a header without a name":  {oblige(`{"type": "header", "target": "response", "name": "X A", "value": "v"}`), "name: must be a header field that a policy may set"},
		"an identity header":       {oblige(`{"type": "header", "target": "upstream", "name": "gate-principal", "value": "root"}`), "name: must be a header field that a policy may set"},
		"a framing header":         {oblige(`{"type": "header", "target": "upstream", "name": "Content-Length", "value": "0"}`), "name: must be a header field that a policy may set"},
		"two values of a header":   {oblige(`{"type": "header", "target": "upstream", "name": "X-A", "value": "1"}, {"type": "header", "target": "upstream", "name": "x-a", "value": "2"}`), "two rules give the header \"x-a\" different values"},
		"two values of a tag":      {oblige(`{"type": "tag", "name": "a", "value": "1"}, {"type": "tag", "name": "a", "value": "2"}`), "two rules give the tag \"a\" different values"},
		"a tag of odd name":        {oblige(`{"type": "tag", "name": "A b", "value": "v"}`), "name: must be 1 to 63"},
		"a tag without value":      {oblige(`{"type": "tag", "name": "a", "value": ""}`), "value: must be a string"},
		"a cost of nothing":        {oblige(`{"type": "limit_cost", "value": 0}`), "value: must be a whole number from 1"},
		"a cost of a half":         {oblige(`{"type": "limit_cost", "value": 1.5}`), "value: must be a whole number from 1"},
		"a cost as text":           {oblige(`{"type": "limit_cost", "value": "9"}`), "value: must be a whole number from 1"},
		"a cost with a name":       {oblige(`{"type": "limit_cost", "name": "a", "value": 9}`), "has a member other than"},
		"a label that is none":     {`{"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": [1]}`, "labels: must be a string"},
	} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, map[string]string{"gate.rego": "package gate\n\ndecision := " + tc.decision})
			d, err := p.Decide(t.Context(), &Input{})
			if d != nil || !errors.Is(err, ErrMalformed) {
				t.Errorf("decision = %+v, error = %v", d, err)
			}
			wantError(t, err, tc.want)
		})
	}
}

func TestTheHighestCostCounts(t *testing.T) {
	for obligations, want := range map[string]string{
		"": "",
		`{"type": "tag", "name": "a", "value": "100"}`:                                                                "",
		`{"type": "limit_cost", "value": 9}, {"type": "limit_cost", "value": 40}, {"type": "limit_cost", "value": 2}`: "40",
	} {
		p := compiled(t, map[string]string{"gate.rego": "package gate\n\ndecision := " + oblige(obligations)})
		d, err := p.Decide(t.Context(), &Input{})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Cost(); got != want {
			t.Errorf("%s cost %q, want %q", obligations, got, want)
		}
	}
}

func TestObligationsThatAgreeAreNoConflict(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": "package gate\n\ndecision := " + oblige(`{"type": "header", "target": "upstream", "name": "X-A", "value": "1"}, {"type": "header", "target": "upstream", "name": "x-a", "value": "1"}, {"type": "header", "target": "response", "name": "X-A", "value": "2"}`)})
	if d, err := p.Decide(t.Context(), &Input{}); err != nil || len(d.Obligations) != 3 {
		t.Errorf("decision = %+v, %v", d, err)
	}
}

func reason(reason string) string {
	return fmt.Sprintf(`{"allow": false, "status": 403, "reasons": [%s], "obligations": [], "labels": []}`, reason)
}

func oblige(obligation string) string {
	return fmt.Sprintf(`{"allow": true, "status": 200, "reasons": [], "obligations": [%s], "labels": []}`, obligation)
}

func TestDecisionIsReadCompletely(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": `package gate

decision := {
	"allow": false,
	"status": 451,
	"reasons": {
		{"id": "b", "message": "B.", "severity": "info"},
		{"id": "a", "message": "A.", "severity": "critical"},
	},
	"obligations": [
		{"type": "header", "target": "response", "name": "X-A", "value": "1"},
		{"type": "tag", "name": "size", "value": "bulk"},
	],
	"labels": {"y", "x"},
}
`})
	d, err := p.Decide(t.Context(), &Input{})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", *d)
	want := fmt.Sprintf("%+v", Decision{
		Status: 451,
		Reasons: []exchange.Reason{
			{ID: "a", Message: "A.", Severity: "critical"},
			{ID: "b", Message: "B.", Severity: "info"},
		},
		Obligations: []Obligation{
			{Type: HeaderObligation, Target: OnResponse, Name: "X-A", Value: "1"},
			{Type: TagObligation, Name: "size", Value: "bulk"},
		},
		Labels:   []string{"x", "y"},
		Revision: p.Revision(),
	})
	if got != want {
		t.Errorf("decision = %s\nwant       %s", got, want)
	}
}

// inputEcho allows if the input document equals the expected one.
func inputEcho(expected string) string {
	return fmt.Sprintf(`package gate

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": []} if known == %s
else := {"allow": false, "status": 403, "reasons": [{"id": "differs", "message": json.marshal(known), "severity": "low"}], "obligations": [], "labels": []}

# Signals have tests of their own.
known := object.remove(input, ["signals", "found"])
`, expected)
}

func TestEveryInputFieldIsSet(t *testing.T) {
	for name, tc := range map[string]struct {
		in   Input
		want string
	}{
		"of nothing": {Input{}, `{
			"complete": true, "phase": "request",
			"request": {"id": "", "method": "", "path": "", "client_ip": ""},
			"principal": null, "body": null, "prompts": [], "items": 0, "limits": [], "served_by": null,
		}`},
		"of everything": {Input{
			Request:   Request{ID: "r", Method: "POST", Path: "/p", ClientIP: "192.0.2.1"},
			Principal: &exchange.Principal{ID: "alice", Tenant: "t", Method: "jwt", Scopes: []string{"a", "b"}, Claims: map[string]any{"n": 1.5, "l": []string{"x"}, "i": int64(7)}},
			Body:      map[string]any{"s": "x", "n": json.Number("1e2"), "b": true, "z": nil, "l": []any{json.Number("12345678901234567890")}},
			Prompts:   []exchange.Prompt{{Path: "/s", Text: "X", Normalised: "x"}},
			Limits:    []exchange.LimitState{{Name: "burst", Remaining: 3}},
			ServedBy:  "live",
		}, `{
			"complete": true, "phase": "request",
			"request": {"id": "r", "method": "POST", "path": "/p", "client_ip": "192.0.2.1"},
			"principal": {"id": "alice", "tenant": "t", "method": "jwt", "scopes": ["a", "b"], "claims": {"n": 1.5, "l": ["x"], "i": 7}},
			"body": {"s": "x", "n": 100, "b": true, "z": null, "l": [12345678901234567890]},
			"prompts": [{"path": "/s", "text": "X", "normalised": "x"}],
			"items": 0, "limits": [{"name": "burst", "remaining": 3}], "served_by": "live",
		}`},
		"of a principal without claims": {Input{Principal: &exchange.Principal{ID: "a"}}, `{
			"complete": true, "phase": "request",
			"request": {"id": "", "method": "", "path": "", "client_ip": ""},
			"principal": {"id": "a", "tenant": "", "method": "", "scopes": [], "claims": {}},
			"body": null, "prompts": [], "items": 0, "limits": [], "served_by": null,
		}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, map[string]string{"gate.rego": inputEcho(tc.want)})
			d, err := p.Decide(t.Context(), &tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if !d.Allow {
				t.Errorf("the rules saw %s", d.Reasons[0].Message)
			}
		})
	}
}

// readingClaims allows whatever the claims are.
var readingClaims = strings.Replace(allowing, "input.complete", "is_object(input.principal.claims)", 1)

func TestAClaimWithAMonstrousNumberIsAnError(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": readingClaims})
	claims := map[string]any{"list": []any{json.Number("1e999999999")}}
	if _, err := p.Decide(t.Context(), &Input{Principal: &exchange.Principal{ID: "a", Claims: claims}}); !errors.Is(err, strictjson.ErrNumber) {
		t.Errorf("error = %v", err)
	}
}

func TestClaimThatIsNoJSONIsAnError(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": readingClaims})
	claims := map[string]any{"f": func() {}}
	if d, err := p.Decide(t.Context(), &Input{Principal: &exchange.Principal{ID: "a", Claims: claims}}); err == nil {
		t.Errorf("decision = %+v", d)
	}
}

func TestFailingFunctionIsAnErrorWithoutThePrompt(t *testing.T) {
	for name, rule := range map[string]string{
		"of Rego":              "to_number(input.prompts[0].text) > 0",
		"inside a negation":    "not to_number(input.prompts[0].text) > 0",
		"an unknown term set":  "count(gate.terms(input.prompts[0].text, \"x\")) > 0",
		"a pattern of regexps": "regex.match(concat(\"\", [input.prompts[0].text, \"(\"]), \"x\")",
	} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, map[string]string{"gate.rego": allowing, "bad.rego": "package gate\n\ndecision := 1 if " + rule})
			d, err := p.Decide(t.Context(), &Input{Prompts: []exchange.Prompt{{Text: "confidential"}}})
			if d != nil {
				t.Fatalf("decision = %+v", d)
			}
			wantError(t, err, "bad.rego:3: eval_builtin_error in ")
			if strings.Contains(err.Error(), "confidential") {
				t.Errorf("the error quotes the prompt: %v", err)
			}
		})
	}
}

// heavy takes minutes to decide.
const heavy = `package gate

digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": []} if {
	input.complete
	count([1 | digits[a]; digits[b]; digits[c]; digits[d]; digits[e]; digits[f]; digits[g]; digits[h]; a + b + c + d + e + f + g + h < 0]) == 0
}
`

func TestHeavyRuleEndsInATimeout(t *testing.T) {
	const timeout = 25 * time.Millisecond
	p, err := Compile(t.Context(), snapshot(t, map[string]string{"gate.rego": heavy}), timeout)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Policy{p, p.Within(time.Hour).Within(timeout)} {
		start := time.Now()
		d, err := p.Decide(t.Context(), &Input{})
		if d != nil || !errors.Is(err, ErrTimeout) {
			t.Errorf("decision = %+v, error = %v", d, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the timeout of %s took %s", timeout, took)
		}
	}
	_, err = Admit(t.Context(), snapshot(t, map[string]string{"gate.rego": heavy}), Conditions{Timeout: timeout})
	wantError(t, err, "took too long")
}

func TestClientThatLeavesEndsTheDecision(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": allowing})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := p.Decide(ctx, &Input{}); !errors.Is(err, context.Canceled) {
		t.Errorf("decision = %+v, error = %v", d, err)
	}
}

func TestPanicIsAnErrorWithoutItsValue(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": strings.Replace(allowing, "input.complete", `gate.normalise("") == ""`, 1)})
	p.program.functions[normaliseDecl.Name].Func = func(topdown.BuiltinContext, []*ast.Term, func(*ast.Term) error) error {
		panic("confidential")
	}
	d, err := p.Decide(t.Context(), &Input{})
	if d != nil || !errors.Is(err, ErrPanic) || strings.Contains(err.Error(), "confidential") {
		t.Errorf("decision = %+v, error = %v", d, err)
	}
}

func TestDecideIsSafeForConcurrentUse(t *testing.T) {
	p := shipped(t)
	done := make(chan error)
	const callers = 8
	for i := range callers {
		go func() {
			prompt, want := "a rose", true
			if i%2 == 0 {
				prompt, want = "sarin", false
			}
			for range 50 {
				d, err := p.Decide(t.Context(), generate(prompt, "generate"))
				if err == nil && d.Allow != want {
					err = fmt.Errorf("%q: allow = %t", prompt, d.Allow)
				}
				if err != nil && !errors.Is(err, ErrTimeout) {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// endless takes minutes to decide.
const endless = `package gate

digits := [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": []} if {
	count([1 | digits[a]; digits[b]; digits[c]; digits[d]; digits[e]; digits[f]; digits[g]; digits[h]; a + b + c + d + e + f + g + h < 0]) == 0
}
`

func TestADecisionEndsWhenItsClientLeaves(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": endless}).Within(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(20*time.Millisecond, cancel).Stop()
	if d, err := p.Decide(ctx, &Input{}); !errors.Is(err, context.Canceled) {
		t.Errorf("decision = %+v, %v", d, err)
	}
}

func TestTheTimeoutCountsFromWhereJudgingBegan(t *testing.T) {
	p := compiled(t, map[string]string{"gate.rego": endless}).Within(time.Hour)
	if d, err := p.Decide(t.Context(), &Input{Since: time.Now().Add(-time.Hour)}); !errors.Is(err, ErrTimeout) {
		t.Errorf("decision = %+v, %v", d, err)
	}
}
