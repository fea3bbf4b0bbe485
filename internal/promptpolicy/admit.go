package promptpolicy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// canaryAttempts is how many times a trial decision is attempted while it takes
// too long: the machine may be busy for a moment.
const canaryAttempts = 3

// Conditions are what a version must fulfil to go live, beside passing its
// tests.
type Conditions struct {
	// Timeout is how long a decision may take.
	Timeout time.Duration `json:"timeout"`
	// MinTests is how many tests it must have.
	MinTests int `json:"min_tests"`
	// Covered requires that each deny rule refuses something in a test.
	Covered bool `json:"covered"`
}

// enough returns [Faults] if there are too few tests.
func (c Conditions) enough(tests []string) error {
	if len(tests) >= c.MinTests {
		return nil
	}
	return Faults{{Message: fmt.Sprintf("the policy has %d tests, and at least %d are required", len(tests), c.MinTests)}}
}

// Admit checks whether a version may go live: it compiles the snapshot, runs
// its tests, and lets it decide a few trial requests. The error is [Faults].
func Admit(ctx context.Context, snap *Snapshot, must Conditions) (p *Policy, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			p, err = nil, Faults{{Message: DescribePanic(fault).Error()}}
		}
	}()
	src, err := parse(snap)
	if err != nil {
		return nil, err
	}
	p, err = src.compile(ctx, must.Timeout)
	if err != nil {
		return nil, err
	}
	if p.tests, err = src.tested(ctx, must); err != nil {
		return nil, err
	}
	if err := p.canary(ctx); err != nil {
		faults := Faults{{Message: err.Error()}}
		if errors.Is(err, ErrTimeout) {
			return nil, overdue{faults}
		}
		return nil, faults
	}
	return p, nil
}

// canary lets the policy decide a few made-up requests. Any decision will do,
// except that an input without any facts must not be allowed.
func (p *Policy) canary(ctx context.Context) error {
	ctx = context.WithValue(ctx, trialKey{}, textnorm.Normalise(canaryPrompt))
	for _, c := range canaries() {
		_, err := retryTimeouts(func() (*Decision, error) { return p.Decide(ctx, c.in) })
		if err != nil {
			return fmt.Errorf("trying the policy on %s: %w", c.name, err)
		}
	}
	d, err := retryTimeouts(func() (*Decision, error) { return p.afresh(ctx, ast.NewObject()) })
	if errors.Is(err, ErrTimeout) {
		return fmt.Errorf("trying the policy on a request about which nothing is known: %w", err)
	}
	if err == nil && d.Allow {
		return errors.New("the policy allows a request about which nothing is known: allow must depend on facts such as input.complete, not only on the absence of denials")
	}
	return nil
}

// retryTimeouts repeats a decision that took too long, up to canaryAttempts in
// all.
func retryTimeouts(decide func() (*Decision, error)) (d *Decision, err error) {
	for range canaryAttempts {
		if d, err = decide(); !errors.Is(err, ErrTimeout) {
			break
		}
	}
	return d, err
}

// trialKey is the context key of the normalised form of a trial's prompt. No
// rule may search that form for terms.
type trialKey struct{}

// canaryPrompt has characters that its normalised form lacks.
const canaryPrompt = "Fr\u00e9sh cit\u00adrus over wet cedar"

// canary is a made-up request.
type canary struct {
	name string
	in   *Input
}

func canaries() []canary {
	return []canary{
		{"an anonymous request without a body", &Input{
			Request: Request{ID: "canary", Method: "GET", Path: "/", ClientIP: "192.0.2.1"},
		}},
		{"an authenticated request with a prompt", &Input{
			Request:   Request{ID: "canary", Method: "POST", Path: "/api/v1/generate", ClientIP: "192.0.2.1"},
			Principal: &exchange.Principal{ID: "canary", Method: "jwt", Scopes: []string{"generate"}},
			Body:      map[string]any{"prompt": canaryPrompt},
			Prompts:   []exchange.Prompt{{Path: "/prompt", Text: canaryPrompt, Normalised: textnorm.Normalise(canaryPrompt)}},
			Limits:    []exchange.LimitState{{Name: "canary", Remaining: 1}},
		}},
	}
}
