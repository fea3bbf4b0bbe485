package promptpolicy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The shipped decision collects contributions only from packages of this form.
const (
	rulesPackage = "data.gate.rules"
	ruleForm     = "gate.rules.NAME, with one name"
)

// wrapperPackage is the package of the decision itself. Its own rules may have
// the names of contributions.
const wrapperPackage = "data.gate"

// rulesDir is where rules belong.
const rulesDir = "rules/"

// contributions are the rules that the decision collects, each with its form.
// Each must be a set.
var contributions = map[string]string{
	"deny":   "deny contains {\"id\": …, \"message\": …, \"severity\": …} if …",
	"oblige": "oblige contains {\"type\": …} if …",
	"label":  "label contains \"…\" if …",
}

// uncollectedRules finds rules that compile but that the decision does not
// collect: a rule that is meant to refuse would never do so.
func uncollectedRules(modules map[string]*ast.Module) Faults {
	var faults Faults
	for name, module := range modules {
		if !isTest(name) {
			faults = append(faults, uncollectedIn(name, module)...)
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return faults
}

// uncollectedIn checks one file. A file without rules is no fault: its subject
// is switched off.
func uncollectedIn(name string, module *ast.Module) Faults {
	pkg := module.Package.Path.String()
	if pkg == wrapperPackage && !strings.HasPrefix(name, rulesDir) {
		return nil
	}
	collected := isCollected(module.Package.Path)
	if !collected && (strings.HasPrefix(name, rulesDir) || isBelow(pkg, rulesPackage)) {
		return Faults{{
			File: name, Line: module.Package.Location.Row,
			Message: fmt.Sprintf("nothing is collected from %s: name the package %s, and move helpers out of rules/, into a package such as gate.lib.NAME",
				module.Package, ruleForm),
		}}
	}
	faults, contributes := checkContributions(module, collected)
	if collected && !contributes && len(module.Rules) > 0 {
		faults = append(faults, Fault{
			File: name, Line: module.Rules[0].Location.Row,
			Message: "none of the rules is deny, oblige or label, so nothing is collected: rename one, or move helpers into a package such as gate.lib.NAME",
		})
	}
	return faults
}

// checkContributions checks the contributions of a file, and reports whether
// there are any.
func checkContributions(module *ast.Module, collected bool) (faults Faults, contributes bool) {
	for _, rule := range module.Rules {
		ref := rule.Head.Ref()
		want, ok := contributions[ref[0].String()]
		if !ok {
			continue
		}
		contributes = true
		fault := Fault{File: rule.Location.File, Line: rule.Location.Row}
		switch {
		case !collected:
			fault.Message = fmt.Sprintf("%q is not collected from %s: name the package %s", ref, module.Package, ruleForm)
		case len(ref) > 1 || rule.Head.DocKind() != ast.PartialSetDoc:
			fault.Message = fmt.Sprintf("%q must be a set, or its result is lost: write %s", ref, want)
		default:
			continue
		}
		faults = append(faults, fault)
	}
	return faults, contributes
}

// isCollected reports whether a package is exactly one name below gate.rules.
func isCollected(path ast.Ref) bool {
	const depth = 4 // data, gate, rules, NAME
	return len(path) == depth && isBelow(path.String(), rulesPackage)
}

func isBelow(pkg, root string) bool {
	rest, ok := strings.CutPrefix(pkg, root)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
