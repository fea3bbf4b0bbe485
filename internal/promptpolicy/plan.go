package promptpolicy

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

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
	// all is the packages and the decision together, so that most requests take
	// one look instead of one for each.
	all *unit[*Decision]
	// queries are those for several packages at once, by the packages.
	queries *cache[ast.Body]
}

// reads reports whether something reads a member of the input.
func (p *plan) reads(member string) bool {
	return p.decision.reads(member) || slices.ContainsFunc(p.packages, func(u *unit[contribution]) bool { return u.reads(member) })
}

// readsPart reports whether something may read a part of the input.
func (p *plan) readsPart(q part) bool {
	return p.decision.readsPart(q) || slices.ContainsFunc(p.packages, func(u *unit[contribution]) bool { return u.readsPart(q) })
}

// unit is something that is evaluated, and remembered, as a whole.
type unit[T any] struct {
	parts []part
	// known is nil where the result may differ for equal inputs.
	known *cache[T]
	// query is the decision's; that of packages is made when it is asked.
	query ast.Body
	// rules are what packages are asked for.
	rules []asked
}

// reads reports whether the unit reads a member of the input.
func (u *unit[T]) reads(member string) bool {
	for _, p := range u.parts {
		if len(p) == 0 || p[0] == member {
			return true
		}
	}
	return false
}

func (u *unit[T]) readsPart(q part) bool {
	return slices.ContainsFunc(u.parts, func(p part) bool { return p.covers(q) || q.covers(p) })
}

// contributed is a rule that contributes to the decision.
type contributed struct{ pkg, name string }

// asked is a rule that a query asks for.
type asked struct {
	contributed
	// variable stands for what: a set, or an array of the rule's value, which is
	// empty where the rule is undefined.
	variable, what *ast.Term
}

// contribution is what the rules of a unit add to a decision.
type contribution struct {
	// values are by the unit's rules; nil where a rule is undefined.
	values []*ast.Term
	// text is equal for equal values; empty where all are empty sets.
	text string
}

// empty reports whether the rules contribute nothing, as for most requests.
func (c *contribution) empty() bool {
	return !slices.ContainsFunc(c.values, func(value *ast.Term) bool {
		if value == nil {
			return true
		}
		set, ok := value.Value.(ast.Set)
		return !ok || set.Len() > 0
	})
}

// decide returns the decision, remembered or asked for.
func (p *plan) decide(e *evaluation, in *Input) (*Decision, error) {
	if e.program.readsSignals {
		if err := e.look(in); err != nil {
			return nil, err
		}
	}
	all := keys.Get().(*key)
	defer all.release()
	all.reset()
	d, known := p.all.recall(all, e, in)
	if known {
		return d, nil
	}
	d, err := p.divided(e, in)
	if err != nil {
		return nil, err
	}
	p.all.remember(all, d)
	return d, nil
}

// divided asks each package what it contributes, and then for the decision.
func (p *plan) divided(e *evaluation, in *Input) (*Decision, error) {
	k := keys.Get().(*key)
	defer k.release()
	contributions, err := p.contributions(make([]contribution, 0, 16), k, e, in)
	if err != nil {
		return nil, err
	}
	k.reset()
	for i := range contributions {
		k.text(contributions[i].text)
	}
	if d, known := p.decision.recall(k, e, in); known {
		return d, nil
	}
	if err := e.build(in, p.decision.reads); err != nil {
		return nil, err
	}
	found, err := e.run(p.joining(contributions))
	if err != nil {
		return nil, err
	}
	d, err := e.decision(found)
	if err != nil {
		return nil, err
	}
	p.decision.remember(k, d)
	return d, nil
}

// contributions appends what the packages contribute. Those of which it is not
// known are asked together.
func (p *plan) contributions(all []contribution, k *key, e *evaluation, in *Input) ([]contribution, error) {
	missing := make([]int, 0, 16)
	for i, u := range p.packages {
		k.reset()
		c, known := u.recall(k, e, in)
		if !known {
			missing = append(missing, i)
		}
		all = append(all, c)
	}
	if len(missing) == 0 {
		return all, nil
	}
	err := e.build(in, func(member string) bool {
		return slices.ContainsFunc(missing, func(i int) bool { return p.packages[i].reads(member) })
	})
	if err != nil {
		return nil, err
	}
	found, err := e.run(p.asking(k, missing))
	if err != nil {
		return nil, err
	}
	for _, i := range missing {
		u := p.packages[i]
		all[i] = contributionOf(u.rules, found)
		if u.known != nil {
			k.reset()
			u.write(k, e, in)
			u.remember(k, all[i])
		}
	}
	return all, nil
}

// asking returns the query for packages, in which each of their rules has a
// variable of its own.
func (p *plan) asking(k *key, packages []int) ast.Body {
	k.reset()
	for _, i := range packages {
		k.kind(isNumber, i)
	}
	if query, known := p.queries.get(k.bytes); known {
		return query
	}
	var query ast.Body
	for _, i := range packages {
		for _, rule := range p.packages[i].rules {
			query.Append(ast.Equality.Expr(rule.variable, rule.what))
		}
	}
	p.queries.put(k.bytes, query)
	return query
}

// joining returns the query for the decision, in which the contributions stand
// for the packages.
func (p *plan) joining(contributions []contribution) ast.Body {
	if len(p.packages) == 0 {
		return p.decision.query
	}
	members := map[string][][2]*ast.Term{}
	for i, u := range p.packages {
		for j, rule := range u.rules {
			if value := contributions[i].values[j]; value != nil {
				members[rule.pkg] = append(members[rule.pkg], ast.Item(ast.InternedTerm(rule.name), value))
			} else if members[rule.pkg] == nil {
				members[rule.pkg] = [][2]*ast.Term{}
			}
		}
	}
	items := make([][2]*ast.Term, 0, len(members))
	for pkg, rules := range members {
		items = append(items, ast.Item(ast.InternedTerm(pkg), ast.ObjectTerm(rules...)))
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
	u.write(k, e, in)
	if k.unfit {
		return result, false
	}
	return u.known.get(k.bytes)
}

// write adds the unit's parts of the input to the key.
func (u *unit[T]) write(k *key, e *evaluation, in *Input) {
	for _, p := range u.parts {
		if k.part(e, in, p); k.full() {
			return
		}
	}
}

// remember keeps the result for the key.
func (u *unit[T]) remember(k *key, result T) {
	if u.known != nil && !k.unfit {
		u.known.put(k.bytes, result)
	}
}

func newUnit[T any](r *reading) *unit[T] {
	u := &unit[T]{parts: r.parts}
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
	undivided := &plan{decision: newUnit[*Decision](readingOf(compiler, nil, whole))}
	undivided.decision.query, undivided.all = whole, undivided.decision
	joining := readingOf(compiler, rulesRef, whole)
	names, ok := namesAsked(joining.asked)
	if !ok || joining.torn || hasBaseData(ctx, store) {
		return undivided, nil
	}
	packages, ok := rulesByPackage(compiler, names)
	if !ok {
		return undivided, nil
	}
	divided := &plan{decision: newUnit[*Decision](joining), queries: newCache[ast.Body]()}
	divided.decision.query = whole
	for i, rules := range groups(compiler, packages) {
		u, err := packagesUnit(compiler, rules, i)
		if err != nil {
			return nil, err
		}
		divided.packages = append(divided.packages, u)
	}
	divided.all = divided.together()
	return divided, nil
}

// together returns the unit of all that the plan asks for. It is remembered
// only if each of them is.
func (p *plan) together() *unit[*Decision] {
	all := &unit[*Decision]{parts: slices.Clone(p.decision.parts)}
	remembers := p.decision.known != nil
	for _, u := range p.packages {
		remembers = remembers && u.known != nil
		for _, q := range u.parts {
			if !slices.ContainsFunc(all.parts, func(p part) bool { return slices.Equal(p, q) }) {
				all.parts = append(all.parts, q)
			}
		}
	}
	if remembers {
		all.known = newCache[*Decision]()
	}
	return all
}

// namesAsked returns the names of the rules that references such as
// data.gate.rules[_].deny ask for.
func namesAsked(asked []ast.Ref) (names []string, ok bool) {
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

// rulesByPackage returns the named rules of each rule package, in order. It is
// not ok where packages are nested.
func rulesByPackage(compiler *ast.Compiler, names []string) (packages [][]contributed, ok bool) {
	byPackage := map[string][]contributed{}
	for _, module := range compiler.Modules {
		path := module.Package.Path
		if !path.HasPrefix(rulesRef) {
			continue
		}
		if len(path) != len(rulesRef)+1 {
			return nil, false
		}
		pkg := string(path[len(rulesRef)].Value.(ast.String))
		for _, rule := range module.Rules {
			is := contributed{pkg, string(rule.Head.Ref()[0].Value.(ast.Var))}
			if slices.Contains(names, is.name) && !slices.Contains(byPackage[pkg], is) {
				byPackage[pkg] = append(byPackage[pkg], is)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		rules := byPackage[pkg]
		slices.SortFunc(rules, func(a, b contributed) int { return cmp.Compare(a.name, b.name) })
		packages = append(packages, rules)
	}
	return packages, true
}

// groups puts packages together that read the same parts of the input: they are
// known or unknown together, and one query costs less than several.
func groups(compiler *ast.Compiler, packages [][]contributed) [][]contributed {
	var grouped [][]contributed
	places := map[string]int{}
	for _, rules := range packages {
		key := readsOfPackage(compiler, rules).key()
		at, known := places[key]
		if !known {
			at = len(grouped)
			places[key] = at
			grouped = append(grouped, nil)
		}
		grouped[at] = append(grouped[at], rules...)
	}
	return grouped
}

func readsOfPackage(compiler *ast.Compiler, rules []contributed) *reading {
	refs := make([]*ast.Term, len(rules))
	for i, rule := range rules {
		refs[i] = ast.NewTerm(rule.ref())
	}
	return readingOf(compiler, nil, ast.ArrayTerm(refs...))
}

func (c contributed) ref() ast.Ref {
	return rulesRef.Append(ast.StringTerm(c.pkg)).Append(ast.StringTerm(c.name))
}

// packagesUnit asks for rules. A set is always defined; another rule is asked
// for within an array.
func packagesUnit(compiler *ast.Compiler, rules []contributed, number int) (*unit[contribution], error) {
	var query ast.Body
	var all []asked
	for i, rule := range rules {
		what := ast.NewTerm(rule.ref())
		if !isSet(compiler, rule) {
			x := ast.VarTerm("x")
			what = ast.ArrayComprehensionTerm(x, ast.NewBody(ast.Equality.Expr(x, what)))
		}
		variable := ast.VarTerm(fmt.Sprintf("v%d_%d", number, i))
		query.Append(ast.Equality.Expr(variable, what))
		all = append(all, asked{rule, variable, what})
	}
	// Compiling finds what cannot be asked for. Its result is not kept:
	// see asking.
	body, err := compileQuery(compiler, query.String())
	if err != nil {
		return nil, err
	}
	u := newUnit[contribution](readingOf(compiler, nil, body))
	u.rules = all
	return u, nil
}

func isSet(compiler *ast.Compiler, rule contributed) bool {
	for _, r := range compiler.GetRulesExact(rule.ref()) {
		if r.Head.DocKind() != ast.PartialSetDoc {
			return false
		}
	}
	return true
}

func compileQuery(compiler *ast.Compiler, text string) (ast.Body, error) {
	body, err := compiler.QueryCompiler().Compile(ast.MustParseBody(text))
	if err != nil {
		return nil, regoFaults(err)
	}
	return body, nil
}
