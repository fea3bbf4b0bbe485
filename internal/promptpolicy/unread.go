package promptpolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// readByGateway are the data documents that the gateway itself reads.
var readByGateway = map[string]bool{termsRoot: true, hazardsRoot: true, signalsRoot: true}

// settingsRoot is the data document of the settings that rules read.
const settingsRoot = "settings"

// unreadData finds data that no rule reads; most often, a name has a typing
// error. It checks each single setting, and other data as a whole, but
// leaves out what the gateway reads.
func unreadData(modules map[string]*ast.Module, files []*dataFile) (faults Faults) {
	reads := readsOf(modules)
	// The compiler refuses data in place of a rule.
	for _, module := range modules {
		reads = append(reads, constants(module.Package.Path[1:]))
	}
	for _, file := range files {
		var visit func(at, names []string, value any)
		visit = func(at, names []string, value any) {
			object, isObject := value.(map[string]any)
			if isObject && (len(object) == 0 || len(at) == 0 || at[0] == settingsRoot) {
				for _, name := range slices.Sorted(maps.Keys(object)) {
					visit(append(slices.Clip(at), name), append(slices.Clip(names), name), object[name])
				}
				return
			}
			if !readByGateway[at[0]] && !slices.ContainsFunc(reads, func(read []string) bool { return overlap(read, at) }) {
				faults = append(faults, file.fault(fmt.Sprintf("no rule reads data.%s: remove it or correct its name", strings.Join(at, ".")), names...))
			}
		}
		visit(file.at(), nil, file.content)
	}
	return faults
}

// overlap reports whether one path begins with the other.
func overlap(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// readsOf returns the paths below data that rules and tests name, as far as
// they are written out.
func readsOf(modules map[string]*ast.Module) (reads [][]string) {
	for _, module := range modules {
		roots := map[ast.Var][]string{ast.DefaultRootDocument.Value.(ast.Var): {}}
		for _, imported := range module.Imports {
			if path, ok := imported.Path.Value.(ast.Ref); ok && path[0].Equal(ast.DefaultRootDocument) {
				roots[imported.Name()] = constants(path[1:])
			}
		}
		read := func(head ast.Value, rest ast.Ref) {
			if name, ok := head.(ast.Var); ok {
				if below, ok := roots[name]; ok {
					reads = append(reads, append(slices.Clip(below), constants(rest)...))
				}
			}
		}
		var visitor *ast.GenericVisitor
		visitor = ast.NewGenericVisitor(func(node any) bool {
			switch node := node.(type) {
			case ast.Ref:
				read(node[0].Value, node[1:])
				for _, operand := range node[1:] {
					visitor.Walk(operand)
				}
				return true
			case ast.Var: // a whole document
				read(node, nil)
			}
			return false
		})
		for _, rule := range module.Rules {
			visitor.Walk(rule)
		}
	}
	return reads
}

// constants returns the names of a reference up to the first that is not
// written out.
func constants(ref ast.Ref) (names []string) {
	for _, term := range ref {
		name, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		names = append(names, string(name))
	}
	return names
}
