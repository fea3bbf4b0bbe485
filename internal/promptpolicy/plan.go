package promptpolicy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
)

// query is what a policy is asked.
const query = "data.gate.decision"

var (
	decisionRef = ast.MustParseRef(query)
	// rulesRef is where the rule packages are, whose contributions the decision
	// joins.
	rulesRef = ast.MustParseRef("data.gate.rules")
	answer   = ast.VarTerm("answer")
)

// plan is how a policy is evaluated: first each rule package by itself, then
// the decision over what they contribute. The result of each is remembered by
// exactly the parts of the input that it reads, since most requests differ only
// in parts that few rules read.
type plan struct {
	packages []*unit[contribution]
	decision *unit[*Decision]
	// members are those of the input that something reads; nil for all.
	members map[string]bool
}

// reads reports whether something reads a member of the input.
func (p *plan) reads(member string) bool { return p.members == nil || p.members[member] }

// settle notes which members of the input are read.
func (p *plan) settle() *plan {
	parts := slices.Clone(p.decision.parts)
	for _, u := range p.packages {
		parts = append(parts, u.parts...)
	}
	members := map[string]bool{}
	for _, part := range parts {
		if len(part) == 0 {
			return p
		}
		members[part[0]] = true
	}
	p.members = members
	return p
}

// unit is something that is evaluated, and remembered, as a whole.
type unit[T any] struct {
	query ast.Body
	parts []part
	// known is nil where the result may differ for equal inputs.
	known *cache[T]
	// name is the last element of a package's path; names are those of the rules
	// that it contributes.
	name  string
	names []string
}

// contribution is what a rule package adds to a decision.
type contribution struct {
	value *ast.Term
	// text is equal for equal values.
	text string
}

// decide asks each package what it contributes, and then for the decision.
func (p *plan) decide(e *evaluation, in *Input) (*Decision, error) {
	if p.reads("signals") {
		if err := e.look(in); err != nil {
			return nil, err
		}
	}
	k := keys.Get().(*key)
	defer keys.Put(k)
	contributions := make([]contribution, 0, 16)
	for _, u := range p.packages {
		k.reset()
		c, known := u.recall(k, e, in)
		if !known {
			var err error
			if c, err = e.contribution(u, in); err != nil {
				return nil, err
			}
			u.remember(k, c)
		}
		contributions = append(contributions, c)
	}
	k.reset()
	for i := range contributions {
		k.text(contributions[i].text)
	}
	if d, known := p.decision.recall(k, e, in); known {
		return d, nil
	}
	if err := e.build(in); err != nil {
		return nil, err
	}
	result, err := e.run(p.joining(contributions))
	if err != nil {
		return nil, err
	}
	d, err := e.decision(result)
	if err != nil {
		return nil, err
	}
	p.decision.remember(k, d)
	return d, nil
}

var keys = sync.Pool{New: func() any { return &key{bytes: make([]byte, 0, maxKeyBytes)} }}

// joining returns the query for the decision, in which the contributions stand
// for the packages.
func (p *plan) joining(contributions []contribution) ast.Body {
	if len(p.packages) == 0 {
		return p.decision.query
	}
	items := make([][2]*ast.Term, len(contributions))
	for i, u := range p.packages {
		items[i] = ast.Item(ast.InternedTerm(u.name), contributions[i].value)
	}
	expr := ast.Equality.Expr(answer, ast.NewTerm(decisionRef))
	expr.With = []*ast.With{{Target: ast.NewTerm(rulesRef), Value: ast.ObjectTerm(items...)}}
	return ast.NewBody(expr)
}

// recall adds the unit's parts of the input to the key and returns the result
// that is known for it.
func (u *unit[T]) recall(k *key, e *evaluation, in *Input) (result T, known bool) {
	if u.known == nil {
		return result, false
	}
	for _, p := range u.parts {
		k.part(e, in, p)
	}
	if k.unfit {
		return result, false
	}
	return u.known.get(k.bytes)
}

// remember keeps the result for the key that recall made.
func (u *unit[T]) remember(k *key, result T) {
	if u.known != nil && !k.unfit {
		u.known.put(k.bytes, result)
	}
}

func newUnit[T any](r *reading, body ast.Body) *unit[T] {
	u := &unit[T]{query: body, parts: r.parts}
	// Whoever reads the whole input reads the request's id, which never repeats.
	whole := slices.ContainsFunc(r.parts, func(p part) bool { return len(p) == 0 })
	if !r.volatile && !whole {
		u.known = newCache[T]()
	}
	return u
}

// newPlan divides the rules. A policy whose decision looks at the rule packages
// otherwise than through the names of their rules is evaluated undivided.
func newPlan(ctx context.Context, compiler *ast.Compiler, store storage.Store) (*plan, error) {
	whole, err := compileQuery(compiler, answer.String()+" = "+query)
	if err != nil {
		return nil, err
	}
	undivided := (&plan{decision: newUnit[*Decision](readingOf(compiler, nil, whole), whole)}).settle()
	joining := readingOf(compiler, rulesRef, whole)
	names, ok := contributed(joining.asked)
	if !ok || joining.torn || hasBaseData(ctx, store) {
		return undivided, nil
	}
	rules, ok := rulesByPackage(compiler, names)
	if !ok {
		return undivided, nil
	}
	divided := &plan{decision: newUnit[*Decision](joining, whole)}
	for name, names := range rules {
		u, err := packageUnit(compiler, name, names)
		if err != nil {
			return nil, err
		}
		divided.packages = append(divided.packages, u)
	}
	slices.SortFunc(divided.packages, func(a, b *unit[contribution]) int { return cmp.Compare(a.name, b.name) })
	return divided.settle(), nil
}

// contributed returns the names of the rules that references such as
// data.gate.rules[_].deny ask for.
func contributed(asked []ast.Ref) (names []string, ok bool) {
	for _, ref := range asked {
		const at = 4 // data, gate, rules, the package, the rule
		if len(ref) <= at {
			return nil, false
		}
		name, isName := ref[at].Value.(ast.String)
		if !isName {
			return nil, false
		}
		names = append(names, string(name))
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// hasBaseData reports whether data files have something where the packages are.
func hasBaseData(ctx context.Context, store storage.Store) bool {
	_, err := storage.ReadOne(ctx, store, storage.MustParsePath("/gate/rules"))
	return err == nil
}

// rulesByPackage returns which of the named rules each rule package has. It is
// not ok where packages are nested.
func rulesByPackage(compiler *ast.Compiler, names []string) (rules map[string][]string, ok bool) {
	rules = map[string][]string{}
	for _, module := range compiler.Modules {
		path := module.Package.Path
		if !path.HasPrefix(rulesRef) {
			continue
		}
		if len(path) != len(rulesRef)+1 {
			return nil, false
		}
		name := string(path[len(rulesRef)].Value.(ast.String))
		for _, rule := range module.Rules {
			head := string(rule.Head.Ref()[0].Value.(ast.Var))
			if slices.Contains(names, head) && !slices.Contains(rules[name], head) {
				rules[name] = append(rules[name], head)
			}
		}
	}
	return rules, true
}

// packageUnit queries the named rules of a package, each within an array that
// is empty where the rule is undefined.
func packageUnit(compiler *ast.Compiler, name string, names []string) (*unit[contribution], error) {
	slices.Sort(names)
	values := make([]string, len(names))
	for i, rule := range names {
		values[i] = fmt.Sprintf("[x | x = %s]", rulesRef.Append(ast.StringTerm(name)).Append(ast.StringTerm(rule)))
	}
	body, err := compileQuery(compiler, fmt.Sprintf("%s = [%s]", answer, strings.Join(values, ", ")))
	if err != nil {
		return nil, err
	}
	u := newUnit[contribution](readingOf(compiler, nil, body), body)
	u.name, u.names = name, names
	return u, nil
}

func compileQuery(compiler *ast.Compiler, text string) (ast.Body, error) {
	body, err := compiler.QueryCompiler().Compile(ast.MustParseBody(text))
	if err != nil {
		return nil, regoFaults(err)
	}
	return body, nil
}
