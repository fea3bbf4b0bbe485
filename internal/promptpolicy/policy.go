package promptpolicy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// DefaultTimeout is how long one decision may take. It is wall-clock time, so
// it leaves room for a busy machine, on which a decision of 0.1 ms has to wait
// for a processor.
const DefaultTimeout = 250 * time.Millisecond

var (
	// ErrTimeout says that a decision took too long.
	ErrTimeout = errors.New("the decision took too long")
	// ErrUndefined says that the rules give no decision at all.
	ErrUndefined = errors.New(query + " is undefined")
	// ErrPanic says that the program panicked while it judged.
	ErrPanic = errors.New("panic while judging")
)

// Policy is one revision of a policy directory, compiled. It never changes and
// may be used by many goroutines at once.
type Policy struct {
	revision string
	timeout  time.Duration
	prepared rego.PreparedEvalQuery
	schemas  map[string]*Schema
}

// Compile makes a policy of a snapshot without running its tests, unlike
// [Admit]. Decisions of the policy take at most the timeout. The error is
// [Faults].
func Compile(ctx context.Context, snap *Snapshot, timeout time.Duration) (*Policy, error) {
	src, err := parse(snap)
	if err != nil {
		return nil, err
	}
	return src.compile(ctx, timeout)
}

func (s *source) compile(ctx context.Context, timeout time.Duration) (*Policy, error) {
	prepared, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return &Policy{revision: s.snap.Hash, timeout: timeout, prepared: prepared, schemas: s.schemas}, nil
}

// Revision names the content of the directory that the policy was compiled
// from.
func (p *Policy) Revision() string { return p.revision }

// Within returns a copy of the policy whose decisions take at most the timeout.
func (p *Policy) Within(timeout time.Duration) *Policy {
	within := *p
	within.timeout = timeout
	return &within
}

// Schema returns the schema of a file such as "schemas/generate.json".
func (p *Policy) Schema(name string) (*Schema, bool) {
	schema, ok := p.schemas[name]
	return schema, ok
}

// Decide judges a request. An error means that there is no decision, so the
// request must not pass; it may wrap [ErrTimeout], [ErrUndefined],
// [ErrMalformed] or [ErrPanic]. Decide returns within about the policy's
// timeout.
func (p *Policy) Decide(ctx context.Context, in *Input) (*Decision, error) {
	since := in.Since
	if since.IsZero() {
		since = time.Now()
	}
	document, err := in.document()
	if err != nil {
		return nil, err
	}
	return p.evaluate(ctx, since, document)
}

// Evaluate judges an input document that is given as JSON, as tools do. The
// document is taken as it is: fields that it lacks are undefined in the rules.
func (p *Policy) Evaluate(ctx context.Context, document any) (*Decision, error) {
	value, err := ast.InterfaceToValue(document)
	if err != nil {
		return nil, fmt.Errorf("reading the input document: %w", err)
	}
	return p.evaluate(ctx, time.Now(), value)
}

func (p *Policy) evaluate(ctx context.Context, since time.Time, document ast.Value) (d *Decision, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			d, err = nil, DescribePanic(fault)
		}
	}()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("deciding: %w", ctx.Err())
	}
	cancel := topdown.NewCancel()
	// A timer costs less than a goroutine for each evaluation.
	left := p.timeout - time.Since(since)
	defer time.AfterFunc(left, cancel.Cancel).Stop()
	defer context.AfterFunc(ctx, cancel.Cancel)()

	results, err := p.prepared.Eval(ctx, rego.EvalParsedInput(document), rego.EvalExternalCancel(cancel), rego.EvalMetrics(metrics.NoOp()))
	if err != nil {
		return nil, p.describe(ctx, err)
	}
	if len(results) == 0 {
		return nil, ErrUndefined
	}
	value, ok := results[0].Expressions[0].Value.(ast.Value)
	if !ok {
		return nil, fmt.Errorf("%w: it is of Go type %T", ErrMalformed, results[0].Expressions[0].Value)
	}
	if d, err = parseDecision(value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	d.Revision = p.revision
	return d, nil
}

// describe says what failed and where. The evaluator's own text may quote the
// prompt (to_number: parsing "…"), so only the function's name is kept of it.
func (p *Policy) describe(ctx context.Context, err error) error {
	if haltedBy(err, textnorm.ErrGrows) {
		return ErrTextGrows
	}
	if topdown.IsCancel(err) || haltedBy(err, textnorm.ErrExpired) {
		if ctx.Err() != nil {
			return fmt.Errorf("deciding: %w", ctx.Err())
		}
		return fmt.Errorf("%w: more than %s", ErrTimeout, p.timeout)
	}
	evaluation, ok := errors.AsType[*topdown.Error](err)
	if !ok {
		return fmt.Errorf("deciding: error of type %T", err)
	}
	place := ""
	if at := evaluation.Location; at != nil {
		place = fmt.Sprintf("%s:%d: ", at.File, at.Row)
	}
	if haltedBy(err, errLostSeams) { // an author's fault, which quotes nothing
		return fmt.Errorf("deciding: %s%w", place, errLostSeams)
	}
	function := ""
	if name, _, ok := strings.Cut(evaluation.Message, ":"); ok && isFunction(name) {
		function = " in " + name
	}
	return fmt.Errorf("deciding: %s%s%s", place, evaluation.Code, function)
}

// haltedBy reports whether one of our functions ended the evaluation with the
// cause. The evaluator keeps only the text of an error, so texts are compared.
func haltedBy(err, cause error) bool {
	evaluation, ok := errors.AsType[*topdown.Error](err)
	if !ok {
		return false
	}
	return evaluation.Message == termsDecl.Name+": "+cause.Error() || evaluation.Message == normaliseDecl.Name+": "+cause.Error()
}

func isFunction(name string) bool {
	if _, ok := ast.BuiltinMap[name]; ok {
		return true
	}
	return name == termsDecl.Name || name == normaliseDecl.Name
}

// DescribePanic turns a recovered value into an error that wraps [ErrPanic]. It
// keeps the text of a runtime error, which quotes no value of ours, and only
// the type of any other value.
func DescribePanic(fault any) error {
	if fault, ok := fault.(runtime.Error); ok {
		return fmt.Errorf("%w: %w", ErrPanic, fault)
	}
	return fmt.Errorf("%w: value of type %T", ErrPanic, fault)
}
