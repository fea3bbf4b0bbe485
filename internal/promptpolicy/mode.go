package promptpolicy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The modes of a deny rule, as its annotation, or its package's, has them:
//
//	# METADATA
//	# custom:
//	#   mode: observe
const (
	modeEnforce = "enforce"
	modeObserve = "observe"
)

// observeRule is the name of the rules whose reasons are recorded, and refuse
// nothing.
const observeRule = "observe"

// observing makes observe rules of the deny rules that only observe. It works
// on the modules for decisions, not on those for tests: what a rule refuses is
// tested before it is enforced.
func observing(modules map[string]*ast.Module) Faults {
	var faults Faults
	for _, module := range modules {
		if !module.Package.Path.HasPrefix(rulesRef) {
			continue
		}
		whole, wrong := modeIn(packageAnnotations(module))
		faults = append(faults, wrong...)
		for _, rule := range module.Rules {
			mode, wrong := modeIn(rule.Annotations)
			if faults = append(faults, wrong...); mode == "" {
				mode = whole
			}
			if mode == modeObserve && isDeny(rule) {
				rule.Head.Name = observeRule
				rule.Head.Reference[0] = ast.VarTerm(observeRule)
			}
		}
	}
	return faults
}

func packageAnnotations(module *ast.Module) (found []*ast.Annotations) {
	for _, a := range module.Annotations {
		if a.Scope == "package" || a.Scope == "subpackages" {
			found = append(found, a)
		}
	}
	return found
}

// modeIn returns the mode that annotations name; empty for none.
func modeIn(annotations []*ast.Annotations) (mode string, faults Faults) {
	for _, a := range annotations {
		switch value := a.Custom["mode"]; value {
		case nil:
		case modeEnforce, modeObserve:
			mode = value.(string)
		default:
			faults = append(faults, Fault{File: a.Location.File, Line: a.Location.Row, Message: fmt.Sprintf("custom.mode must be %s or %s, not %v", modeEnforce, modeObserve, value)})
		}
	}
	return mode, faults
}
