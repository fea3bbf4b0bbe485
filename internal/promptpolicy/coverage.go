package promptpolicy

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// denyRule is the name of the rules that refuse.
const denyRule = "deny"

// place is where a rule is.
type place struct {
	file string
	line int
}

// refusals notes which deny rules held. It is the tracer of tests.
type refusals struct{ seen map[place]bool }

// Enabled implements [topdown.QueryTracer].
func (r *refusals) Enabled() bool { return true }

// Config implements [topdown.QueryTracer].
func (r *refusals) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements [topdown.QueryTracer].
func (r *refusals) TraceEvent(event topdown.Event) {
	if event.Op != topdown.ExitOp {
		return
	}
	if rule, ok := event.Node.(*ast.Rule); ok && isDeny(rule) {
		r.seen[placeOf(rule)] = true
	}
}

func isDeny(rule *ast.Rule) bool {
	return rule.Head.Ref()[0].Equal(ast.VarTerm(denyRule))
}

func placeOf(rule *ast.Rule) place { return place{rule.Location.File, rule.Location.Row} }

// uncovered returns the deny rules that held in no test, as [Faults].
func (s *source) uncovered(refused *refusals) error {
	modules, err := s.modules(func(name string) bool { return !isTest(name) })
	if err != nil {
		return err
	}
	var faults Faults
	for _, name := range s.snap.paths {
		module, ok := modules[name]
		if !ok || !module.Package.Path.HasPrefix(rulesRef) {
			continue
		}
		for _, rule := range module.Rules {
			if at := placeOf(rule); isDeny(rule) && !refused.seen[at] {
				faults = append(faults, Fault{File: at.file, Line: at.line, Message: "no test is refused by this rule: add one, so that the rule cannot be broken unnoticed"})
			}
		}
	}
	if faults == nil {
		return nil
	}
	return faults
}
