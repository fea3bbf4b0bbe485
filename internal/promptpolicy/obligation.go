package promptpolicy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/net/http/httpguts"
)

// ObligationType is a kind of obligation.
type ObligationType string

const (
	// HeaderObligation sets an HTTP header field.
	HeaderObligation ObligationType = "header"
	// TagObligation gives the request a named value for logs and routing.
	TagObligation ObligationType = "tag"
	// CostObligation says what the request costs the limits that follow. Of
	// several the highest counts.
	CostObligation ObligationType = "limit_cost"
)

// Target is the message that a [HeaderObligation] is about.
type Target string

const (
	// OnUpstream is the request that the upstream receives.
	OnUpstream Target = "upstream"
	// OnResponse is the response that the client receives.
	OnResponse Target = "response"
)

// Obligation is something that the gateway must do when it follows a decision.
type Obligation struct {
	Type ObligationType `json:"type"`
	// Target is set for [HeaderObligation].
	Target Target `json:"target,omitempty"`
	// Name is the header field's or the tag's.
	Name string `json:"name,omitempty"`
	// Value is a valid field value for [HeaderObligation], and a whole number from
	// 1 for [CostObligation].
	Value string `json:"value"`
}

// parseObligation refuses a type that it does not know. If it ignored one, a
// request would pass without a condition that the policy's author has set.
func parseObligation(value ast.Value) (Obligation, error) {
	object, ok := value.(ast.Object)
	if !ok {
		return Obligation{}, errors.New("must be objects")
	}
	var kind ast.Value
	if term := object.Get(ast.InternedTerm("type")); term != nil {
		kind = term.Value
	}
	name, err := oneOf(kind, []string{string(HeaderObligation), string(TagObligation), string(CostObligation)})
	if err != nil {
		return Obligation{}, within("type", err)
	}
	switch ObligationType(name) {
	case TagObligation:
		return parseTag(value)
	case CostObligation:
		return parseCost(value)
	default:
		return parseHeader(value)
	}
}

func parseHeader(value ast.Value) (Obligation, error) {
	o := Obligation{Type: HeaderObligation}
	members, err := objectOf(value, nil, "type", "target", "name", "value")
	if err != nil {
		return o, err
	}
	target, err := oneOf(members["target"], []string{string(OnUpstream), string(OnResponse)})
	if err != nil {
		return o, within("target", err)
	}
	o.Target = Target(target)
	if o.Name, err = textOf(members["name"]); err != nil {
		return o, within("name", err)
	}
	if !httpguts.ValidHeaderFieldName(o.Name) || isReservedField(o.Name) {
		return o, errors.New("name: must be a header field that a policy may set")
	}
	if o.Value, err = textOf(members["value"]); err != nil {
		return o, within("value", err)
	}
	if !httpguts.ValidHeaderFieldValue(o.Value) {
		return o, errors.New("value: must be a valid header field value, without control characters")
	}
	return o, nil
}

// isReservedField reports whether a field frames the message, carries a
// credential, or says what only the gateway may say.
func isReservedField(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "_") || strings.HasPrefix(name, "gate-") || strings.HasPrefix(name, "proxy-") {
		return true
	}
	switch name {
	case "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
		"host", "content-length", "content-type", "content-encoding", "content-digest", "expect",
		"authorization", "cookie", "set-cookie", "www-authenticate", "signature", "signature-input",
		"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via":
		return true
	}
	return false
}

// tagName keeps tags usable as placeholders and log fields.
var tagName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

func parseTag(value ast.Value) (Obligation, error) {
	o := Obligation{Type: TagObligation}
	members, err := objectOf(value, nil, "type", "name", "value")
	if err != nil {
		return o, err
	}
	if o.Name, err = textOf(members["name"]); err != nil {
		return o, within("name", err)
	}
	if !tagName.MatchString(o.Name) {
		return o, errors.New("name: must be 1 to 63 of a-z, 0-9 and _, beginning with a letter")
	}
	if o.Value, err = textOf(members["value"]); err != nil {
		return o, within("value", err)
	}
	return o, nil
}

func parseCost(value ast.Value) (Obligation, error) {
	o := Obligation{Type: CostObligation}
	members, err := objectOf(value, nil, "type", "value")
	if err != nil {
		return o, err
	}
	number, _ := members["value"].(ast.Number)
	if cost, err := strconv.ParseInt(string(number), 10, 64); err != nil || cost < 1 {
		return o, errors.New("value: must be a whole number from 1")
	}
	o.Value = string(number)
	return o, nil
}

// Cost returns what the obligations say that the request costs, as a text;
// empty if they say nothing.
func (d *Decision) Cost() string {
	var most int64
	for _, o := range d.Obligations {
		if cost, err := strconv.ParseInt(o.Value, 10, 64); o.Type == CostObligation && err == nil {
			most = max(most, cost)
		}
	}
	if most == 0 {
		return ""
	}
	return strconv.FormatInt(most, 10)
}

// conflict finds two obligations that cannot both be met, because the second
// would undo the first. Its error may quote names: the policy's author wrote
// them.
func conflict(obligations []Obligation) error {
	type place struct {
		kind   ObligationType
		target Target
		name   string
	}
	values := map[place]string{}
	for _, o := range obligations {
		if o.Type == CostObligation {
			continue
		}
		at := place{o.Type, o.Target, strings.ToLower(o.Name)}
		if value, taken := values[at]; taken && value != o.Value {
			return fmt.Errorf("two rules give the %s %q different values", o.Type, o.Name)
		}
		values[at] = o.Value
	}
	return nil
}
