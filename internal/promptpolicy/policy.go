package promptpolicy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
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
	timeout time.Duration
	program *program
	schemas map[string]*Schema
	tests   []string
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
	program, err := s.program(ctx)
	if err != nil {
		return nil, err
	}
	return &Policy{timeout: timeout, program: program, schemas: s.schemas}, nil
}

// Revision names the content of the directory that the policy was compiled
// from.
func (p *Policy) Revision() string { return p.program.revision }

// Tests returns the names of the tests that the policy passed; none if it was
// only compiled.
func (p *Policy) Tests() []string { return p.tests }

// Within returns a copy of the policy whose decisions take at most the timeout.
func (p *Policy) Within(timeout time.Duration) *Policy {
	within := *p
	within.timeout = timeout
	return &within
}

// ReadsRequestID reports whether a rule may read the id of the request. If not,
// the input need not have it.
func (p *Policy) ReadsRequestID() bool { return p.program.readsID }

// Schema returns the schema of a file such as "schemas/generate.json".
func (p *Policy) Schema(name string) (*Schema, bool) {
	schema, ok := p.schemas[name]
	return schema, ok
}

// Decide judges a request. An error means that there is no decision, so the
// request must not pass; it may wrap [ErrTimeout], [ErrUndefined],
// [ErrMalformed] or [ErrPanic]. Decide returns within about the policy's
// timeout. Items that are apart are judged one after the other, each with what
// they have in common, until one is refused. The decision may be shared with
// other requests and must not be changed.
func (p *Policy) Decide(ctx context.Context, in *Input) (*Decision, error) {
	since := in.Since
	if since.IsZero() {
		since = time.Now()
	}
	return p.evaluate(ctx, since, func(e *evaluation) (*Decision, error) { return p.program.plan.decideEach(e, in) })
}

// Evaluate judges an input document that is given as JSON, as tools do. The
// document is taken as it is: fields that it lacks are undefined in the rules.
// Only signals are found in the prompts where they are not given.
func (p *Policy) Evaluate(ctx context.Context, document any) (*Decision, error) {
	value, err := ast.InterfaceToValue(document)
	if err != nil {
		return nil, fmt.Errorf("reading the input document: %w", err)
	}
	if object, ok := value.(ast.Object); ok && object.Get(keySignals) == nil {
		if value, err = p.withSignals(ctx, object); err != nil {
			return nil, fmt.Errorf("reading the input document: %w", err)
		}
	}
	return p.afresh(ctx, value)
}

// withSignals adds the signals of a document's prompts.
func (p *Policy) withSignals(ctx context.Context, document ast.Object) (ast.Value, error) {
	var prompts []exchange.Prompt
	if list := document.Get(keyPrompts); list != nil {
		var err error
		if prompts, err = listOf(list.Value, promptOf); err != nil {
			return nil, within("prompts", err)
		}
	}
	e := evaluation{program: p.program, ctx: ctx, timeout: p.timeout, deadline: time.Now().Add(p.timeout)}
	if err := e.look(&Input{Prompts: prompts}); err != nil {
		return nil, err
	}
	known, _ := document.Merge(ast.NewObject(
		ast.Item(keySignals, p.program.reader.sightTerm(e.sight)),
		ast.Item(keyFound, p.program.reader.foundTerm(prompts, e.sight)),
	))
	return known, nil
}

// promptOf reads a prompt, whose normal form is made from its text.
func promptOf(value ast.Value) (prompt exchange.Prompt, err error) {
	members, err := objectOf(value, []string{"normalised"}, "path", "text")
	if err != nil {
		return prompt, err
	}
	path, isPath := members["path"].(ast.String)
	text, isText := members["text"].(ast.String)
	if !isPath || !isText {
		return prompt, errors.New("path and text must be strings")
	}
	return exchange.Prompt{Path: string(path), Text: string(text), Normalised: textnorm.Normalise(string(text))}, nil
}

// afresh judges a document undivided, and remembers nothing.
func (p *Policy) afresh(ctx context.Context, document ast.Value) (*Decision, error) {
	return p.evaluate(ctx, time.Now(), func(e *evaluation) (*Decision, error) {
		e.input = ast.NewTerm(document)
		value, err := e.run(p.program.plan.decision.query)
		if err != nil {
			return nil, err
		}
		return e.decision(value)
	})
}

func (p *Policy) evaluate(ctx context.Context, since time.Time, decide func(*evaluation) (*Decision, error)) (d *Decision, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			d, err = nil, DescribePanic(fault)
		}
	}()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("deciding: %w", ctx.Err())
	}
	e := evaluation{program: p.program, ctx: ctx, deadline: since.Add(p.timeout), timeout: p.timeout}
	defer e.end()
	return decide(&e)
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
