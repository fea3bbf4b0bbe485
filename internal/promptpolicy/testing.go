package promptpolicy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

const (
	// testTimeout is how long one Rego test may take.
	testTimeout = 2 * time.Second
	// testsTimeout is how long all Rego tests of a directory may take together.
	testsTimeout = 20 * time.Second
)

// TestResult is the outcome of one Rego test.
type TestResult struct {
	// File and Line are where the test is.
	File string
	Line int
	// Name is the rule's, with its package: data.gate_test.test_something.
	Name string
	// Skipped is true for a rule whose name begins with todo_.
	Skipped bool
	// Failure says why the test does not pass; empty where it does.
	Failure string
	// TimedOut is true where the test failed by taking too long.
	TimedOut bool
	// Output is what the test printed.
	Output string
	// Took is the time of the evaluation.
	Took time.Duration
}

// Test runs the Rego tests of a snapshot, with the functions and limits that
// decisions have, and returns their results in the order of files and lines.
// The error is [Faults] where the snapshot does not compile.
func Test(ctx context.Context, snap *Snapshot) ([]TestResult, error) {
	src, err := parse(snap)
	if err != nil {
		return nil, err
	}
	return src.test(ctx, nil)
}

// tested runs the tests and returns their names, if all is as they must be.
func (s *source) tested(ctx context.Context, must Conditions) (names []string, err error) {
	var refused *refusals
	if must.Covered {
		refused = &refusals{seen: map[place]bool{}}
	}
	results, err := s.test(ctx, refused)
	if err != nil {
		return nil, err
	}
	if err := failures(results); err != nil {
		return nil, err
	}
	for _, result := range results {
		if !result.Skipped {
			names = append(names, result.Name)
		}
	}
	if err := must.enough(names); err != nil {
		return nil, err
	}
	if must.Covered {
		return names, s.uncovered(refused)
	}
	return names, nil
}

// test runs the tests. If refused is not nil, it notes there which rules held.
func (s *source) test(ctx context.Context, refused *refusals) ([]TestResult, error) {
	ctx, cancel := context.WithTimeout(ctx, testsTimeout)
	defer cancel()
	modules, err := s.modules(func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	// The runner rewrites names and adds stages, so this compiler serves nothing
	// else.
	compiler, release, err := s.compiler(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the policy's data: %w", err)
	}
	defer s.store.Abort(ctx, txn)
	runner := tester.NewRunner()
	if refused != nil {
		runner.SetCoverageQueryTracer(refused)
	}
	outcomes, err := runner.
		SetCompiler(compiler.WithEnablePrintStatements(true)).
		SetStore(s.store).
		SetModules(modules).
		AddCustomBuiltins(s.builtin.forTester()).
		RaiseBuiltinErrors(true).
		SetTimeout(testTimeout).
		SetParallel(1). // leave the processors to requests
		RunTests(ctx, txn)
	if err != nil {
		return nil, regoFaults(err)
	}
	var results []TestResult
	for outcome := range outcomes {
		results = append(results, resultOf(outcome))
	}
	if ctx.Err() != nil {
		return nil, overdue{Faults{{Message: fmt.Sprintf("the tests did not finish: %v", ctx.Err())}}}
	}
	slices.SortFunc(results, func(a, b TestResult) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return results, nil
}

func resultOf(outcome *tester.Result) TestResult {
	result := TestResult{
		Name:    outcome.Package + "." + outcome.Name,
		Skipped: outcome.Skip,
		Output:  string(outcome.Output),
		Took:    outcome.Duration,
	}
	if outcome.Location != nil {
		result.File, result.Line = outcome.Location.File, outcome.Location.Row
	}
	switch {
	case outcome.Error != nil:
		result.Failure = outcome.Error.Error()
		result.TimedOut = topdown.IsCancel(outcome.Error) || errors.Is(outcome.Error, context.DeadlineExceeded)
	case outcome.Fail:
		result.Failure = "fails" + failedCases(outcome)
	}
	return result
}

// failedCases names the cases of a table test that do not hold.
func failedCases(outcome *tester.Result) string {
	var names []string
	for name, sub := range outcome.SubResults.Iter {
		if sub.Fail && len(sub.SubResults) == 0 {
			names = append(names, strings.Join(name, "/"))
		}
	}
	if names == nil {
		return ""
	}
	return " for " + strings.Join(names, ", ")
}

// failures returns the failed tests as faults. They are overdue if every one of
// them took too long.
func failures(results []TestResult) error {
	var faults Faults
	late := true
	for _, result := range results {
		if result.Failure != "" {
			late = late && result.TimedOut
			faults = append(faults, Fault{File: result.File, Line: result.Line, Message: "test " + result.Name + " " + result.Failure})
		}
	}
	switch {
	case faults == nil:
		return nil
	case late:
		return overdue{faults}
	}
	return faults
}
