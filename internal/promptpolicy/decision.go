package promptpolicy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
)

// ErrMalformed says that a policy's decision does not keep to the contract.
var ErrMalformed = errors.New("malformed decision")

// Decision is a policy's answer to one [Input].
type Decision struct {
	// Allow lets the request pass.
	Allow bool `json:"allow"`
	// Status is the HTTP status of the answer: 200 when allowed, otherwise 400 to
	// 499.
	Status int `json:"status"`
	// Reasons say why the request is refused; a refusal has at least one.
	Reasons []exchange.Reason `json:"reasons"`
	// Obligations are what the gateway must do for the decision to hold.
	Obligations []Obligation `json:"obligations"`
	// Labels mark the request for the record.
	Labels []string `json:"labels"`
	// Observed are the reasons of rules that only observe: for the record, too.
	Observed []exchange.Reason `json:"observed,omitempty"`
	// Item is the pointer of the item that is refused, where items are judged
	// apart from each other.
	Item string `json:"item,omitempty"`
	// Revision names the policy that decided.
	Revision string `json:"revision"`
}

// The severities of a reason, from the least.
var severities = []string{"info", "low", "medium", "high", "critical"}

// CompareSeverity returns a negative number if severity a is less than b, zero
// if they are equal, and a positive number if a is greater. An unknown severity
// is less than any other.
func CompareSeverity(a, b string) int {
	return slices.Index(severities, a) - slices.Index(severities, b)
}

// parseDecision reads the value of data.gate.decision. A missing member and an
// unknown one are both errors: a misspelt "obligations" must not drop them. The
// errors name members and never quote values.
func parseDecision(value ast.Value) (*Decision, error) {
	members, err := objectOf(value, []string{"observed"}, "allow", "status", "reasons", "obligations", "labels")
	if err != nil {
		return nil, err
	}
	d := &Decision{}
	if d.Allow, err = boolOf(members["allow"]); err != nil {
		return nil, within("allow", err)
	}
	if d.Status, err = statusOf(members["status"], d.Allow); err != nil {
		return nil, within("status", err)
	}
	if d.Reasons, err = listOf(members["reasons"], parseReason); err != nil {
		return nil, within("reasons", err)
	}
	if d.Obligations, err = listOf(members["obligations"], parseObligation); err != nil {
		return nil, within("obligations", err)
	}
	if err := conflict(d.Obligations); err != nil {
		return nil, within("obligations", err)
	}
	if d.Labels, err = listOf(members["labels"], textOf); err != nil {
		return nil, within("labels", err)
	}
	if observed, ok := members["observed"]; ok {
		if d.Observed, err = listOf(observed, parseReason); err != nil {
			return nil, within("observed", err)
		}
	}
	if !d.Allow && len(d.Reasons) == 0 {
		return nil, errors.New("reasons: a refusal needs one")
	}
	return d, nil
}

func parseReason(value ast.Value) (exchange.Reason, error) {
	var reason exchange.Reason
	members, err := objectOf(value, nil, "id", "message", "severity")
	if err != nil {
		return reason, err
	}
	if reason.ID, err = textOf(members["id"]); err != nil {
		return reason, within("id", err)
	}
	if reason.Message, err = textOf(members["message"]); err != nil {
		return reason, within("message", err)
	}
	if reason.Severity, err = oneOf(members["severity"], severities); err != nil {
		return reason, within("severity", err)
	}
	return reason, nil
}

func statusOf(value ast.Value, allow bool) (int, error) {
	number, ok := value.(ast.Number)
	if !ok {
		return 0, errors.New("must be a number")
	}
	status, err := strconv.Atoi(string(number))
	switch {
	case err != nil:
		return 0, errors.New("must be an integer")
	case allow && status != 200:
		return 0, errors.New("must be 200 when the request is allowed")
	case !allow && (status < 400 || status > 499):
		return 0, errors.New("must be between 400 and 499 when the request is refused")
	}
	return status, nil
}

// within prefixes the name of the member that an error is about.
func within(member string, err error) error {
	return fmt.Errorf("%s: %w", member, err)
}

// objectOf returns an object's members, which must be the named ones and may be
// the optional ones.
func objectOf(value ast.Value, optional []string, names ...string) (map[string]ast.Value, error) {
	object, ok := value.(ast.Object)
	if !ok {
		return nil, errors.New("must be an object")
	}
	members := make(map[string]ast.Value, len(names))
	for _, name := range names {
		term := object.Get(ast.InternedTerm(name))
		if term == nil {
			return nil, fmt.Errorf("has no %q", name)
		}
		members[name] = term.Value
	}
	for _, name := range optional {
		if term := object.Get(ast.InternedTerm(name)); term != nil {
			members[name] = term.Value
		}
	}
	if object.Len() > len(members) {
		return nil, fmt.Errorf("has a member other than %q", names)
	}
	return members, nil
}

// listOf reads an array or a set.
func listOf[T any](value ast.Value, parse func(ast.Value) (T, error)) ([]T, error) {
	list := []T{} // not nil, so that JSON has []
	var failed error
	read := func(term *ast.Term) {
		item, err := parse(term.Value)
		if err != nil && failed == nil {
			failed = err
		}
		list = append(list, item)
	}
	switch value := value.(type) {
	case *ast.Array:
		value.Foreach(read)
	case ast.Set:
		// sorted, so that answers are reproducible
		for _, term := range value.Slice() {
			read(term)
		}
	default:
		return nil, errors.New("must be an array or a set")
	}
	if failed != nil {
		return nil, failed
	}
	return list, nil
}

func boolOf(value ast.Value) (bool, error) {
	b, ok := value.(ast.Boolean)
	if !ok {
		return false, errors.New("must be true or false")
	}
	return bool(b), nil
}

func textOf(value ast.Value) (string, error) {
	s, ok := value.(ast.String)
	if !ok || s == "" {
		return "", errors.New("must be a string that is not empty")
	}
	return string(s), nil
}

func oneOf(value ast.Value, choices []string) (string, error) {
	s, ok := value.(ast.String)
	if ok {
		for _, choice := range choices {
			if string(s) == choice {
				return choice, nil
			}
		}
	}
	return "", fmt.Errorf("must be one of %q", choices)
}
