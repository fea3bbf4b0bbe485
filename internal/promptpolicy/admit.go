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

// canaryAttempts is how often a canary is tried if it takes too long, since the
// machine may be busy for a moment.
const canaryAttempts = 3

// Admit checks whether a version may go live: it compiles the snapshot, runs
// its tests, and lets it decide about a few requests. The error is [Faults].
func Admit(ctx context.Context, snap *Snapshot, timeout time.Duration) (p *Policy, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			p, err = nil, Faults{{Message: DescribePanic(fault).Error()}}
		}
	}()
	src, err := parse(snap)
	if err != nil {
		return nil, err
	}
	p, err = src.compile(ctx, timeout)
	if err != nil {
		return nil, err
	}
	results, err := src.test(ctx)
	if err != nil {
		return nil, err
	}
	if err := failures(results); err != nil {
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

// canary lets the policy decide about made-up requests. The decisions may be
// any, except that a document without any fact must not be allowed.
func (p *Policy) canary(ctx context.Context) error {
	ctx = context.WithValue(ctx, tryingKey{}, textnorm.Normalise(canaryPrompt))
	for name, in := range canaries() {
		_, err := patiently(func() (*Decision, error) { return p.Decide(ctx, in) })
		if err != nil {
			return fmt.Errorf("trying the policy on %s: %w", name, err)
		}
	}
	d, err := patiently(func() (*Decision, error) { return p.evaluate(ctx, time.Now(), ast.NewObject()) })
	if errors.Is(err, ErrTimeout) {
		return fmt.Errorf("trying the policy on a request of which nothing is known: %w", err)
	}
	if err == nil && d.Allow {
		return errors.New("the policy allows a request of which nothing is known: allow must depend on facts such as input.complete, not only on the absence of denials")
	}
	return nil
}

// patiently repeats a decision that took too long.
func patiently(decide func() (*Decision, error)) (d *Decision, err error) {
	for range canaryAttempts {
		if d, err = decide(); !errors.Is(err, ErrTimeout) {
			break
		}
	}
	return d, err
}

// tryingKey is where the context of a trial has the normalised form of its
// prompt, which no rule may search for terms.
type tryingKey struct{}

// canaryPrompt has something that only the normalised form loses.
const canaryPrompt = "Fr\u00e9sh cit\u00adrus over wet cedar"

func canaries() map[string]*Input {
	return map[string]*Input{
		"an anonymous request without a body": {
			Request: Request{ID: "canary", Method: "GET", Path: "/", ClientIP: "192.0.2.1"},
		},
		"an authenticated request with a prompt": {
			Request:   Request{ID: "canary", Method: "POST", Path: "/api/v1/generate", ClientIP: "192.0.2.1"},
			Principal: &exchange.Principal{ID: "canary", Method: "jwt", Scopes: []string{"generate"}},
			Body:      map[string]any{"prompt": canaryPrompt},
			Prompts:   []exchange.Prompt{{Path: "/prompt", Text: canaryPrompt, Normalised: textnorm.Normalise(canaryPrompt)}},
			Limits:    []exchange.LimitState{{Name: "canary", Remaining: 1}},
		},
	}
}
