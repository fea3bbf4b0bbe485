package promptpolicy

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// The functions that rules may call besides Rego's own.
var (
	// termsDecl is gate.terms(set, text): the terms of data.terms[set] that
	// occur in text. See [termSet] for what an occurrence is.
	termsDecl = &rego.Function{
		Name:        "gate.terms",
		Description: "The terms of the set data.terms[set] that occur in the text, as whole words.",
		Decl:        types.NewFunction(types.Args(types.S, types.S), types.NewArray(nil, types.S)),
	}
	// signalsDecl is gate.signals(path, text): what input.signals has of a prompt.
	signalsDecl = &rego.Function{
		Name:        "gate.signals",
		Description: "What input.signals has of a prompt with this path and text; for tests.",
		Decl:        types.NewFunction(types.Args(types.S, types.S), types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))),
	}
	// normaliseDecl is gate.normalise(text): see [textnorm.Normalise].
	normaliseDecl = &rego.Function{
		Name:        "gate.normalise",
		Description: "The text in the form that rules compare: case, look-alike letters, invisible characters and spaces folded.",
		Decl:        types.NewFunction(types.Args(types.S), types.S),
	}
)

// allowedBuiltins lists the functions of OPA that rules may call. None of them
// reaches outside the process, reveals anything about it, or takes unbounded
// memory for a small argument. A function that a later version of OPA adds must
// be reviewed before it is listed.
//
//go:embed builtins.txt
var allowedBuiltins string

// capabilities returns what policies may use: the allowed functions of OPA, and
// ours.
func capabilities() *ast.Capabilities {
	caps := ast.CapabilitiesForThisVersion()
	names := strings.Fields(allowedBuiltins)
	allowed := make([]*ast.Builtin, 0, len(names)+3)
	for _, builtin := range caps.Builtins {
		if _, found := slices.BinarySearch(names, builtin.Name); found {
			allowed = append(allowed, builtin)
		}
	}
	for _, decl := range []*rego.Function{termsDecl, signalsDecl, normaliseDecl} {
		allowed = append(allowed, declaration(decl))
	}
	caps.Builtins = allowed
	// Not nil: nil would mean every host.
	caps.AllowNet = []string{}
	return caps
}

func declaration(decl *rego.Function) *ast.Builtin {
	return &ast.Builtin{Name: decl.Name, Description: decl.Description, Decl: decl.Decl}
}

// functions implements our functions for one policy, with the terms that it
// looks for.
type functions struct{ reader *reader }

// scanned is the key of a text's findings in the cache of one evaluation. Rules
// ask about each set in turn, but a text is scanned only once.
type scanned string

var noTerms = ast.ArrayTerm()

// function is one of ours.
type function struct {
	decl *ast.Builtin
	call func(topdown.BuiltinContext, []*ast.Term) (*ast.Term, error)
}

func (f functions) all() []function {
	return []function{{declaration(termsDecl), f.terms}, {declaration(signalsDecl), f.signals}, {declaration(normaliseDecl), normalise}}
}

func (f functions) forTester() []*tester.Builtin {
	var builtins []*tester.Builtin
	for _, fn := range f.all() {
		decl := &rego.Function{Name: fn.decl.Name, Description: fn.decl.Description, Decl: fn.decl.Decl}
		builtins = append(builtins, &tester.Builtin{Decl: fn.decl, Func: rego.FunctionDyn(decl, fn.call)})
	}
	return builtins
}

func (f functions) forEvaluator() map[string]*topdown.Builtin {
	builtins := map[string]*topdown.Builtin{}
	for _, fn := range f.all() {
		builtins[fn.decl.Name] = &topdown.Builtin{Decl: fn.decl, Func: fn.evaluate}
	}
	return builtins
}

// evaluate calls the function. Every error of it ends the evaluation.
func (fn function) evaluate(bctx topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
	result, err := fn.call(bctx, args)
	if err != nil {
		failure := &topdown.Error{Code: topdown.BuiltinErr, Message: fn.decl.Name + ": " + err.Error(), Location: bctx.Location}
		return topdown.Halt{Err: failure.Wrap(err)}
	}
	return iter(result)
}

// terms implements gate.terms. It halts the evaluation if the set is unknown: a
// typing error in a set's name must not look like a text without findings.
func (f functions) terms(bctx topdown.BuiltinContext, args []*ast.Term) (*ast.Term, error) {
	set, text := args[0], args[1]
	name, ok := set.Value.(ast.String)
	if !ok {
		return nil, rego.NewHaltError(errors.New("the set's name must be a string"))
	}
	content, ok := text.Value.(ast.String)
	if !ok {
		return nil, rego.NewHaltError(errors.New("the text must be a string"))
	}
	if _, ok := f.reader.lexicon.sets[string(name)]; !ok {
		return nil, rego.NewHaltError(fmt.Errorf("data.%s has no set of this name", termsRoot))
	}
	if normal, ok := bctx.Context.Value(trialKey{}).(string); ok && normal == string(content) {
		return nil, rego.NewHaltError(errLostSeams)
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

// signals implements gate.signals. Tests make the input of rules with it.
func (f functions) signals(bctx topdown.BuiltinContext, args []*ast.Term) (*ast.Term, error) {
	path, ok := args[0].Value.(ast.String)
	text, isText := args[1].Value.(ast.String)
	if !ok || !isText {
		return nil, rego.NewHaltError(errors.New("the path and the text must be strings"))
	}
	normalised, err := normalise(bctx, args[1:])
	if err != nil {
		return nil, err
	}
	prompt := exchange.Prompt{Path: string(path), Text: string(text), Normalised: string(normalised.Value.(ast.String))}
	read, err := f.reader.read(prompt, expired(bctx))
	if err != nil {
		return nil, rego.NewHaltError(err)
	}
	return f.reader.seenTerm(read), nil
}

// expired returns a function that reports whether an evaluation was cancelled.
// Functions that take long must ask it, because the evaluator cannot stop them.
func expired(bctx topdown.BuiltinContext) func() bool {
	if bctx.Cancel == nil {
		return func() bool { return false }
	}
	return bctx.Cancel.Cancelled
}

func (f functions) scan(bctx topdown.BuiltinContext, text string) (findings, error) {
	if bctx.Cache == nil {
		return f.reader.lexicon.scan(text, expired(bctx))
	}
	if cached, ok := bctx.Cache.Get(scanned(text)); ok {
		return cached.(findings), nil
	}
	found, err := f.reader.lexicon.scan(text, expired(bctx))
	if err == nil {
		bctx.Cache.Put(scanned(text), found)
	}
	return found, err
}

func normalise(bctx topdown.BuiltinContext, args []*ast.Term) (*ast.Term, error) {
	original, ok := args[0].Value.(ast.String)
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

// unknownSets finds calls of gate.terms that name a set which does not exist.
// So a typing error is refused when the file is saved, not when the rule first
// runs.
func unknownSets(modules map[string]*ast.Module, sets map[string]int) Faults {
	var faults Faults
	for _, module := range modules {
		faults = append(faults, faultsOfTerms(module, func(set, _ *ast.Term) (*ast.Term, string) {
			name, ok := set.Value.(ast.String)
			if _, known := sets[string(name)]; known || !ok {
				return nil, ""
			}
			return set, noSet(string(name))
		})...)
	}
	return faults
}

// errLostSeams says why a normalised text must not be searched.
var errLostSeams = errors.New("search the original text, such as prompt.text: the normalised form does not show where invisible characters were")

// lostSeams finds calls of gate.terms on a normalised text, in which two words
// with only an invisible character between them have become one. It follows the
// variables of a rule. A text that comes from another rule or a function is
// found when the policy is tried: see [canaries].
func lostSeams(modules map[string]*ast.Module) Faults {
	var faults Faults
	for _, module := range modules {
		for _, rule := range module.Rules {
			normal := normalVariables(rule)
			faults = append(faults, faultsOfTerms(rule, func(_, text *ast.Term) (*ast.Term, string) {
				if normal.holds(text) {
					return text, errLostSeams.Error()
				}
				return nil, ""
			})...)
		}
	}
	return faults
}

// normals are the variables of a rule that hold a normalised text, or several.
type normals map[ast.Var]bool

// normalVariables follows assignments and iterations until it finds no further
// variable.
func normalVariables(rule *ast.Rule) normals {
	found := normals{}
	for before := -1; before < len(found); {
		before = len(found)
		ast.WalkExprs(rule, func(expr *ast.Expr) bool {
			switch terms := expr.Terms.(type) {
			case *ast.SomeDecl: // some x in xs, some k, x in xs
				if call, ok := terms.Symbols[0].Value.(ast.Call); ok {
					found.assign(call[len(call)-2], call[len(call)-1])
				}
			case *ast.Every:
				found.assign(terms.Value, terms.Domain)
			case []*ast.Term:
				if expr.IsAssignment() || expr.IsEquality() {
					found.assign(terms[1], terms[2])
					found.assign(terms[2], terms[1])
				}
			}
			return false
		})
	}
	return found
}

func (n normals) assign(to, from *ast.Term) {
	name, isVar := to.Value.(ast.Var)
	if isVar && n.holds(from) {
		n[name] = true
	}
	// {"normalised": x} := prompt
	if object, ok := to.Value.(ast.Object); ok {
		if inner := object.Get(keyNormalised); inner != nil {
			if name, ok := inner.Value.(ast.Var); ok {
				n[name] = true
			}
		}
	}
}

// holds reports whether a term is a normalised text, or a collection of such.
func (n normals) holds(term *ast.Term) bool {
	switch value := term.Value.(type) {
	case ast.Var:
		return n[value]
	case ast.Ref:
		if head, ok := value[0].Value.(ast.Var); ok && n[head] {
			return true
		}
		return value[len(value)-1].Equal(keyNormalised)
	case ast.Call:
		return value[0].String() == normaliseDecl.Name
	case *ast.Array:
		return value.Until(n.holds)
	case ast.Set:
		return value.Until(n.holds)
	case *ast.ArrayComprehension:
		return n.holds(value.Term)
	case *ast.SetComprehension:
		return n.holds(value.Term)
	}
	return false
}

// faultsOfTerms calls inspect with the arguments of each call of gate.terms. It
// returns the argument that is at fault, or nil, and what is wrong with it.
func faultsOfTerms(node any, inspect func(set, text *ast.Term) (*ast.Term, string)) Faults {
	var faults Faults
	check := func(call []*ast.Term) {
		const arity = 2
		if len(call) <= arity || call[0].String() != termsDecl.Name {
			return
		}
		if at, message := inspect(call[1], call[2]); at != nil {
			faults = append(faults, Fault{File: at.Location.File, Line: at.Location.Row, Message: "gate.terms: " + message})
		}
	}
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
	}).Walk(node)
	return faults
}
