package promptpolicy

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// query is the rule that gives a policy's decision.
const query = "data.gate.decision"

// source is a parsed snapshot. Both its tests and its decisions are compiled
// from it.
type source struct {
	snap    *Snapshot
	store   storage.Store
	builtin functions
	schemas map[string]*Schema
}

// parse reads the data, terms and schemas of a snapshot. It also checks the
// Rego files for faults that the compiler does not find.
func parse(snap *Snapshot) (*source, error) {
	data, files, err := loadData(snap)
	if err != nil {
		return nil, err
	}
	terms, err := loadTerms(data)
	if err != nil {
		return nil, Faults{{Message: err.Error()}}
	}
	schemas, err := loadSchemas(snap)
	if err != nil {
		return nil, err
	}
	src := &source{
		snap:    snap,
		store:   inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true)),
		builtin: functions{terms},
		schemas: schemas,
	}
	modules, err := src.modules(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	if faults := slices.Concat(unknownSets(modules, terms.sets), lostSeams(modules), uncollectedRules(modules), unreadData(modules, files)); faults != nil {
		return nil, faults
	}
	return src, nil
}

// modules parses the Rego files that keep selects. Each compiler needs its own
// copy, because compiling rewrites them.
func (s *source) modules(keep func(path string) bool) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	var faults Faults
	for _, name := range s.snap.paths {
		if !isRego(name) || !keep(name) {
			continue
		}
		module, err := ast.ParseModuleWithOpts(name, string(s.snap.files[name]), ast.ParserOptions{
			Capabilities: capabilities(), ProcessAnnotation: true, RegoVersion: ast.RegoV1,
		})
		if err != nil {
			faults = append(faults, regoFaults(err)...)
			continue
		}
		modules[name] = module
	}
	if faults != nil {
		return nil, faults
	}
	return modules, nil
}

// compiler returns a strict compiler that knows the input's fields, and a
// function to call when it has compiled.
func (s *source) compiler(ctx context.Context) (*ast.Compiler, func(), error) {
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the policy's data: %w", err)
	}
	compiler := ast.NewCompiler().
		WithCapabilities(capabilities()).
		WithStrict(true).
		WithSchemas(inputSchema()).
		WithDefaultRegoVersion(ast.RegoV1).
		WithPathConflictsCheck(storage.NonEmpty(ctx, s.store, txn))
	return compiler, func() { s.store.Abort(ctx, txn) }, nil
}

// prepare compiles the rules, without the tests, for making decisions.
func (s *source) prepare(ctx context.Context) (rego.PreparedEvalQuery, error) {
	var none rego.PreparedEvalQuery
	modules, err := s.modules(func(name string) bool { return !isTest(name) })
	if err != nil {
		return none, err
	}
	compiler, release, err := s.compiler(ctx)
	if err != nil {
		return none, err
	}
	defer release()
	if compiler.Compile(modules); compiler.Failed() {
		return none, regoFaults(compiler.Errors)
	}
	options := append(s.builtin.options(),
		rego.Compiler(compiler),
		rego.Store(s.store),
		rego.Query(query),
		rego.StrictBuiltinErrors(true),
		rego.Capabilities(capabilities()),
		// parseDecision reads the value itself, not its JSON.
		rego.GenerateJSON(func(term *ast.Term, _ *rego.EvalContext) (any, error) { return term.Value, nil }),
	)
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return none, regoFaults(err)
	}
	return prepared, nil
}
