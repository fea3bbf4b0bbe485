package promptpolicy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// part is a path into the input that rules read, such as
// [body num_molecules]; an empty one is the whole input.
type part []string

// covers reports whether q is inside of p.
func (p part) covers(q part) bool {
	if len(p) > len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// reading finds out what a query may read. It follows every rule that the query
// may reach and takes every reference to the input as read, up to where it is
// no longer constant. So it may name more than is read, but never less. OPA's
// own analysis (package dependencies) leaves out what it takes for unused,
// which is more than a cache may rely on.
type reading struct {
	compiler *ast.Compiler
	// given is a part of data that is not followed: its value is given to the
	// query. References to it are in asked.
	given ast.Ref
	asked []ast.Ref
	// torn is true where a reference may lead to the given part and elsewhere.
	torn bool
	// volatile is true where the result may differ for equal inputs.
	volatile bool
	parts    []part

	seen map[*ast.Rule]bool
}

func readingOf(compiler *ast.Compiler, given ast.Ref, node any) *reading {
	r := &reading{compiler: compiler, given: given, seen: map[*ast.Rule]bool{}}
	r.follow(node)
	return r
}

func (r *reading) follow(node any) {
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case ast.Ref:
			r.reference(node)
			for _, term := range node[1:] {
				r.follow(term)
			}
			return true
		case ast.Var:
			if node.Equal(ast.InputRootDocument.Value) {
				r.add(part{})
			}
		}
		return false
	}).Walk(node)
}

func (r *reading) reference(ref ast.Ref) {
	switch {
	case ref[0].Equal(ast.InputRootDocument):
		r.add(partOf(ref))
	case ref[0].Equal(ast.DefaultRootDocument):
		r.document(ref)
	default: // the name of a function
		builtin, ok := ast.BuiltinMap[ref.String()]
		r.volatile = r.volatile || ok && builtin.Nondeterministic
	}
}

// document follows a reference to rules.
func (r *reading) document(ref ast.Ref) {
	constant := ref.ConstantPrefix()
	if r.given != nil && constant.HasPrefix(r.given) {
		r.asked = append(r.asked, ref)
		return
	}
	if r.given != nil && r.given.HasPrefix(constant) {
		r.torn = true
	}
	for _, rule := range r.compiler.GetRules(constant) {
		if !r.seen[rule] {
			r.seen[rule] = true
			r.follow(rule)
		}
	}
}

// add keeps the parts free of those that others cover.
func (r *reading) add(p part) {
	if slices.ContainsFunc(r.parts, func(known part) bool { return known.covers(p) }) {
		return
	}
	r.parts = append(slices.DeleteFunc(r.parts, p.covers), p)
}

func partOf(ref ast.Ref) part {
	p := part{}
	for _, term := range ref[1:] {
		name, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		p = append(p, string(name))
	}
	return p
}

// key is equal for readings of the same parts.
func (r *reading) key() string {
	parts := make([]string, len(r.parts))
	for i, p := range r.parts {
		parts[i] = strings.Join(p, "\x00")
	}
	slices.Sort(parts)
	return fmt.Sprint(r.volatile, len(parts), strings.Join(parts, "\x01"))
}
