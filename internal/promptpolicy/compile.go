package promptpolicy

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

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
	reader, err := newReader(data)
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
		builtin: functions{reader},
		schemas: schemas,
	}
	modules, err := src.modules(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	if faults := slices.Concat(unknownSets(modules, reader.lexicon.sets), lostSeams(modules), uncollectedRules(modules), unreadData(modules, files)); faults != nil {
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
		WithSchemas(s.builtin.reader.inputSchema()).
		WithDefaultRegoVersion(ast.RegoV1).
		WithPathConflictsCheck(storage.NonEmpty(ctx, s.store, txn))
	return compiler, func() { s.store.Abort(ctx, txn) }, nil
}

// program compiles the rules, without the tests, for making decisions.
func (s *source) program(ctx context.Context) (*program, error) {
	modules, err := s.modules(func(name string) bool { return !isTest(name) })
	if err != nil {
		return nil, err
	}
	compiler, release, err := s.compiler(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if faults := observing(modules); faults != nil {
		return nil, faults
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, regoFaults(compiler.Errors)
	}
	plan, err := newPlan(ctx, compiler, s.store)
	if err != nil {
		return nil, err
	}
	return &program{
		revision: s.snap.Hash, compiler: compiler, store: s.store,
		reader: s.builtin.reader, functions: s.builtin.forEvaluator(), plan: plan,
		readsSignals: plan.reads("signals"), readsID: plan.readsPart(part{"request", "id"}),
	}, nil
}
