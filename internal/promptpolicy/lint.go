package promptpolicy

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// rulesPackage is where the shipped decision collects contributions from.
const rulesPackage = "data.gate.rules."

// contributions are the rules that it collects; each must be a set.
var contributions = map[string]string{
	"deny":   "deny contains {\"id\": …, \"message\": …, \"severity\": …} if …",
	"oblige": "oblige contains {\"type\": …} if …",
	"label":  "label contains \"…\" if …",
}

// lostContributions finds contributions that are not sets. "deny if …" compiles,
// but nothing can be collected from its true: the rule would never refuse.
func lostContributions(modules map[string]*ast.Module) Faults {
	var faults Faults
	for _, module := range modules {
		if !strings.HasPrefix(module.Package.Path.String()+".", rulesPackage) {
			continue
		}
		for _, rule := range module.Rules {
			name := rule.Head.Ref()[0].String()
			want, ok := contributions[name]
			if !ok || rule.Head.DocKind() == ast.PartialSetDoc {
				continue
			}
			faults = append(faults, Fault{
				File: rule.Location.File, Line: rule.Location.Row,
				Message: fmt.Sprintf("%q must be a set, or its result is lost: write %s", name, want),
			})
		}
	}
	return faults
}
