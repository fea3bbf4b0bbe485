package promptpolicy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// The functions that rules have beside Rego's own.
var (
	// termsDecl is gate.terms(set, text): the terms of data.terms[set] that
	// occur in text. See [termSet] for what an occurrence is.
	termsDecl = &rego.Function{
		Name:        "gate.terms",
		Description: "The terms of the set data.terms[set] that occur in the text, as whole words.",
		Decl:        types.NewFunction(types.Args(types.S, types.S), types.NewArray(nil, types.S)),
	}
	// normaliseDecl is gate.normalise(text): see [textnorm.Normalise].
	normaliseDecl = &rego.Function{
		Name:        "gate.normalise",
		Description: "The text in the form that rules compare: case, look-alike letters, invisible characters and spaces folded.",
		Decl:        types.NewFunction(types.Args(types.S), types.S),
	}
)

// capabilities is what policies may use: all of this OPA version's functions
// that neither reach outside the process, nor reveal it, nor take
// unbounded memory for a small argument; and ours.
func capabilities() *ast.Capabilities {
	caps := ast.CapabilitiesForThisVersion()
	allowed := make([]*ast.Builtin, 0, len(caps.Builtins)+2)
	for _, builtin := range caps.Builtins {
		if !isForbidden(builtin.Name) {
			allowed = append(allowed, builtin)
		}
	}
	for _, decl := range []*rego.Function{termsDecl, normaliseDecl} {
		allowed = append(allowed, declaration(decl))
	}
	caps.Builtins = allowed
	// Not nil: nil would mean every host.
	caps.AllowNet = []string{}
	return caps
}

func isForbidden(name string) bool {
	for _, prefix := range []string{"net.", "providers.aws.", "numbers.range"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "http.send", "opa.runtime", "rego.parse_module":
		return true
	}
	return false
}

func declaration(decl *rego.Function) *ast.Builtin {
	return &ast.Builtin{Name: decl.Name, Description: decl.Description, Decl: decl.Decl}
}

// functions implements the builtins for one policy, whose terms they look for.
type functions struct{ lexicon *lexicon }

// scanned is the key of a text's findings in the cache of one evaluation: rules
// ask about each set in turn, but a text is scanned once.
type scanned string

var noTerms = ast.ArrayTerm()

func (f functions) options() []func(*rego.Rego) {
	return []func(*rego.Rego){
		rego.Function2(termsDecl, f.terms),
		rego.Function1(normaliseDecl, normalise),
	}
}

func (f functions) forTester() []*tester.Builtin {
	return []*tester.Builtin{
		{Decl: declaration(termsDecl), Func: rego.Function2(termsDecl, f.terms)},
		{Decl: declaration(normaliseDecl), Func: rego.Function1(normaliseDecl, normalise)},
	}
}

// terms halts the evaluation for an unknown set: a typo in a set's name must
// not look like a text without findings.
func (f functions) terms(bctx rego.BuiltinContext, set, text *ast.Term) (*ast.Term, error) {
	name, ok := set.Value.(ast.String)
	if !ok {
		return nil, rego.NewHaltError(errors.New("the set's name must be a string"))
	}
	content, ok := text.Value.(ast.String)
	if !ok {
		return nil, rego.NewHaltError(errors.New("the text must be a string"))
	}
	if !f.lexicon.sets[string(name)] {
		return nil, rego.NewHaltError(fmt.Errorf("data.%s has no set of this name", termsRoot))
	}
	found, err := f.scan(bctx, string(content))
	if err != nil {
		return nil, rego.NewHaltError(err)
	}
	terms := found[string(name)]
	if len(terms) == 0 {
		return noTerms, nil
	}
	return ast.ArrayTerm(terms...), nil
}

// expired returns whether an evaluation is over, for functions that take long:
// the evaluator itself cannot stop them.
func expired(bctx rego.BuiltinContext) func() bool {
	if bctx.Cancel == nil {
		return func() bool { return false }
	}
	return bctx.Cancel.Cancelled
}

func (f functions) scan(bctx rego.BuiltinContext, text string) (findings, error) {
	if bctx.Cache == nil {
		return f.lexicon.scan(text, expired(bctx))
	}
	if cached, ok := bctx.Cache.Get(scanned(text)); ok {
		return cached.(findings), nil
	}
	found, err := f.lexicon.scan(text, expired(bctx))
	if err == nil {
		bctx.Cache.Put(scanned(text), found)
	}
	return found, err
}

func normalise(bctx rego.BuiltinContext, text *ast.Term) (*ast.Term, error) {
	original, ok := text.Value.(ast.String)
	if !ok {
		return nil, rego.NewHaltError(errors.New("the text must be a string"))
	}
	normal, err := textnorm.NormaliseWithin(string(original), &textnorm.Budget{
		Room: leastRoom + maxGrowth*len(original), Expired: expired(bctx),
	})
	if err != nil {
		return nil, rego.NewHaltError(err)
	}
	return ast.StringTerm(normal), nil
}

// unknownSets finds calls of gate.terms whose set is written out and does not
// exist, so that a typo is refused when saved rather than when first reached.
func unknownSets(modules map[string]*ast.Module, sets map[string]bool) Faults {
	return faultsOfTerms(modules, func(set, _ *ast.Term) (*ast.Term, string) {
		name, ok := set.Value.(ast.String)
		if !ok || sets[string(name)] {
			return nil, ""
		}
		return set, fmt.Sprintf("data.%s has no set %q", termsRoot, string(name))
	})
}

// lostSeams finds calls of gate.terms with a normalised text: there, invisible
// characters between two words have already made them one.
func lostSeams(modules map[string]*ast.Module) Faults {
	return faultsOfTerms(modules, func(_, text *ast.Term) (*ast.Term, string) {
		ref, ok := text.Value.(ast.Ref)
		call, isCall := text.Value.(ast.Call)
		if ok && ref[len(ref)-1].Equal(keyNormalised) || isCall && call[0].String() == normaliseDecl.Name {
			return text, "search the text as it came, such as prompt.text: the normalised form has lost where invisible characters were"
		}
		return nil, ""
	})
}

// faultsOfTerms asks about each call of gate.terms what is wrong with which argument, if any.
func faultsOfTerms(modules map[string]*ast.Module, judge func(set, text *ast.Term) (*ast.Term, string)) Faults {
	var faults Faults
	check := func(call []*ast.Term) {
		const arity = 2
		if len(call) <= arity || call[0].String() != termsDecl.Name {
			return
		}
		if at, message := judge(call[1], call[2]); at != nil {
			faults = append(faults, Fault{File: at.Location.File, Line: at.Location.Row, Message: "gate.terms: " + message})
		}
	}
	for _, module := range modules {
		ast.NewGenericVisitor(func(node any) bool {
			switch node := node.(type) {
			case *ast.Expr:
				if terms, ok := node.Terms.([]*ast.Term); ok {
					check(terms)
				}
			case ast.Call:
				check(node)
			}
			return false
		}).Walk(module)
	}
	return faults
}
