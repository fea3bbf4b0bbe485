package promptpolicy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// program is a compiled policy, which any number of evaluations share.
type program struct {
	revision  string
	compiler  *ast.Compiler
	store     storage.Store
	functions map[string]*topdown.Builtin
	reader    *reader
	plan      *plan
	// Whether rules read signals, and may read the request's id.
	readsSignals, readsID bool
}

// evaluation is the work on one decision. What only an evaluation of rules
// needs is made when the first is due.
type evaluation struct {
	program  *program
	ctx      context.Context
	timeout  time.Duration
	deadline time.Time
	input    *ast.Term
	sight    *sight // nil until it is needed
	known    []seen // what is seen of the first prompts
	cancel   topdown.Cancel
	stop     []func() bool
}

// run evaluates a query and returns what its variables are; [ErrUndefined] if
// there is no answer.
func (e *evaluation) run(query ast.Body) (topdown.QueryResult, error) {
	e.start()
	txn, err := e.program.store.NewTransaction(e.ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the policy's data: %w", err)
	}
	defer e.program.store.Abort(e.ctx, txn)
	var result topdown.QueryResult
	err = topdown.NewQuery(query).
		WithCompiler(e.program.compiler).
		WithStore(e.program.store).
		WithTransaction(txn).
		WithInput(e.input).
		WithBuiltins(e.program.functions).
		WithStrictBuiltinErrors(true).
		WithCancel(e.cancel).
		WithMetrics(noMetrics).
		Iter(e.ctx, func(found topdown.QueryResult) error {
			result = found
			return nil
		})
	if err != nil {
		return nil, e.describe(err)
	}
	if result == nil {
		return nil, ErrUndefined
	}
	return result, nil
}

var noMetrics = metrics.NoOp()

// start begins to watch the time. A timer costs less than a goroutine for each
// evaluation.
func (e *evaluation) start() {
	if e.cancel != nil {
		return
	}
	e.cancel = topdown.NewCancel()
	e.stop = append(e.stop,
		time.AfterFunc(time.Until(e.deadline), e.cancel.Cancel).Stop,
		context.AfterFunc(e.ctx, e.cancel.Cancel))
}

func (e *evaluation) end() {
	for _, stop := range e.stop {
		stop()
	}
}

func (e *evaluation) decision(found topdown.QueryResult) (*Decision, error) {
	d, err := parseDecision(found[answer.Value.(ast.Var)].Value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	d.Revision = e.program.revision
	return d, nil
}

// contributionOf returns what the rules contribute by the answer.
func contributionOf(rules []asked, found topdown.QueryResult) contribution {
	c := contribution{values: make([]*ast.Term, len(rules))}
	all := make([]*ast.Term, len(rules))
	for i, rule := range rules {
		all[i] = found[rule.variable.Value.(ast.Var)]
		c.values[i] = all[i]
		if alternatives, ok := all[i].Value.(*ast.Array); ok {
			if c.values[i] = nil; alternatives.Len() > 0 {
				c.values[i] = alternatives.Elem(0)
			}
		}
	}
	if !c.empty() {
		c.text = ast.NewArray(all...).String()
	}
	return c
}

// build makes the input document of the wanted members.
func (e *evaluation) build(in *Input, wanted func(string) bool) error {
	document, err := e.document(in, wanted)
	if err != nil {
		return err
	}
	e.input = ast.NewTerm(document)
	return nil
}

// document makes the input document of the wanted members.
func (e *evaluation) document(in *Input, wanted func(string) bool) (ast.Value, error) {
	var signals *ast.Term
	if wanted("signals") {
		if err := e.look(in); err != nil {
			return nil, err
		}
		signals = e.program.reader.sightTerm(e.sight)
	}
	var found *ast.Term
	if wanted("found") {
		if err := e.look(in); err != nil {
			return nil, err
		}
		found = e.program.reader.foundTerm(in.Prompts, e.sight)
	}
	return in.document(signals, found, wanted)
}

// look reads the signals of the prompts unless that is done.
func (e *evaluation) look(in *Input) (err error) {
	if e.sight != nil {
		return nil
	}
	e.sight, err = e.program.reader.look(e.ctx, e.deadline, in.Prompts, e.known)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, textnorm.ErrGrows):
		return ErrTextGrows
	case e.ctx.Err() != nil:
		return fmt.Errorf("reading signals: %w", e.ctx.Err())
	}
	return fmt.Errorf("%w: more than %s", ErrTimeout, e.timeout)
}

// describe says what failed and where. The evaluator's own text may quote the
// prompt (to_number: parsing "…"), so only the function's name is kept of it.
func (e *evaluation) describe(err error) error {
	if haltedBy(err, textnorm.ErrGrows) {
		return ErrTextGrows
	}
	if topdown.IsCancel(err) || haltedBy(err, textnorm.ErrExpired) {
		if e.ctx.Err() != nil {
			return fmt.Errorf("deciding: %w", e.ctx.Err())
		}
		return fmt.Errorf("%w: more than %s", ErrTimeout, e.timeout)
	}
	failure, ok := errors.AsType[*topdown.Error](err)
	if !ok {
		return fmt.Errorf("deciding: error of type %T", err)
	}
	place := ""
	if at := failure.Location; at != nil {
		place = fmt.Sprintf("%s:%d: ", at.File, at.Row)
	}
	if haltedBy(err, errLostSeams) { // an author's fault, which quotes nothing
		return fmt.Errorf("deciding: %s%w", place, errLostSeams)
	}
	function := ""
	if name, _, ok := strings.Cut(failure.Message, ":"); ok && isFunction(name) {
		function = " in " + name
	}
	return fmt.Errorf("deciding: %s%s%s", place, failure.Code, function)
}

// haltedBy reports whether one of our functions ended the evaluation with the
// cause. The evaluator keeps only the text of an error, so texts are compared.
func haltedBy(err, cause error) bool {
	failure, ok := errors.AsType[*topdown.Error](err)
	if !ok {
		return false
	}
	return failure.Message == termsDecl.Name+": "+cause.Error() || failure.Message == normaliseDecl.Name+": "+cause.Error()
}

func isFunction(name string) bool {
	if _, ok := ast.BuiltinMap[name]; ok {
		return true
	}
	return name == termsDecl.Name || name == normaliseDecl.Name
}
