package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/promptpolicy"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// patience is how long one decision may take, on a busy machine.
const patience = 30 * time.Second

// judge asks a policy as the gateway does on the route for molecules.
type judge struct {
	policy *promptpolicy.Policy
	paths  []promptpolicy.PromptPath
}

// open reads the policy in a directory. Its tests do not run.
func open(ctx context.Context, dir string) (*judge, error) {
	snap, err := promptpolicy.ReadSnapshot(dir)
	if err != nil {
		return nil, err
	}
	policy, err := promptpolicy.Compile(ctx, snap, patience)
	if err != nil {
		return nil, err
	}
	j := &judge{policy: policy}
	for _, pointer := range []string{"/prompt", "/constraints"} {
		path, err := promptpolicy.ParsePromptPath(pointer)
		if err != nil {
			return nil, err
		}
		j.paths = append(j.paths, path)
	}
	return j, nil
}

// way is an evasion, as the body of a request.
type way struct {
	name string
	body func(written string) map[string]any
}

func plain(written string) map[string]any { return map[string]any{"prompt": written} }

// ways are the evasions, in the order of the columns.
var ways = func() (all []way) {
	for _, evasion := range slices.Concat(tables.Spellings, tables.Encodings) {
		all = append(all, way{evasion.Name, func(written string) map[string]any { return plain(evasion.Write(written)) }})
	}
	return append(all, way{"over two fields", overFields})
}()

// overFields puts half of the words into another field.
func overFields(written string) map[string]any {
	words := strings.Fields(written)
	half := len(words) / 2
	first := strings.Join(words[:half], " ")
	if first == "" {
		first = "a soft rose with cedar"
	}
	return map[string]any{"prompt": first, "constraints": map[string]any{"must": []any{strings.Join(words[half:], " ")}}}
}

// judgeAll judges each text, and those that evasions say something about also
// under each evasion.
func (j *judge) judgeAll(ctx context.Context, texts []*text) error {
	for _, t := range texts {
		var err error
		if t.reasons, err = j.reasons(ctx, plain(t.written)); err != nil {
			return err
		}
		if !t.evadable() {
			continue
		}
		for _, way := range ways {
			reasons, err := j.reasons(ctx, way.body(t.written))
			if err != nil {
				return err
			}
			t.evades = append(t.evades, len(reasons) == 0)
		}
	}
	return nil
}

// evadable reports whether evasions of a text say something: of one that is
// rightly refused, whether the rules see through them; of one that rightly
// passes, whether they refuse the evasion rather than what it says.
func (t *text) evadable() bool {
	if t.asIs || t.benign && t.given {
		return false
	}
	return t.benign != t.refused()
}

// unreadable is the reason of what the gateway refuses before the rules see it.
const unreadable = "(not readable)"

// reasons returns the ids of why a request is refused; none if it passes.
func (j *judge) reasons(ctx context.Context, body map[string]any) ([]string, error) {
	prompts, err := promptpolicy.Prompts(ctx, time.Now().Add(patience), promptpolicy.Source{Body: body}, j.paths)
	if err != nil {
		return []string{unreadable}, ctx.Err()
	}
	decision, err := j.policy.Decide(ctx, &promptpolicy.Input{
		Request:   promptpolicy.Request{ID: "report", Method: "POST", Path: "/api/v1/generate", ClientIP: "192.0.2.1"},
		Principal: &exchange.Principal{ID: "report", Method: "jwt", Scopes: []string{"generate"}},
		Body:      body,
		Prompts:   prompts,
	})
	if err != nil {
		return nil, fmt.Errorf("judging: %w", err)
	}
	var ids []string
	for _, reason := range decision.Reasons {
		ids = append(ids, reason.ID)
	}
	return ids, nil
}
