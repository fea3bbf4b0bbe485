package promptpolicy

import (
	"fmt"
	"slices"

	"github.com/odordiff/odordiff/internal/exchange"
)

// item returns the pointer of the item around the current value, and how many
// names lead to that; zero if it is in none. The name of a member is a prompt
// once for all items, so it is of none.
func (c *collector) item(isName bool) (item string, depth int) {
	if path := c.itemPath(); path != nil && !isName {
		depth = len(path.tokens)
		return pointer(c.at[:depth]...), depth
	}
	return "", 0
}

func (c *collector) itemPath() *PromptPath {
	for i := range c.apart {
		if c.apart[i].leadsTo(c.at) {
			return &c.apart[i]
		}
	}
	return nil
}

// pointer leads to the current value. It does not tell an item from others, so
// that rules judge equal ones alike.
func (c *collector) pointer() string {
	path := c.itemPath()
	if path == nil {
		return pointer(c.at...)
	}
	names := slices.Clone(c.at)
	for i, token := range path.tokens {
		if token == "*" {
			names[i] = token
		}
	}
	return pointer(names...)
}

// divide returns the prompts that all items have in common, and those of each
// item that is apart.
func divide(prompts []exchange.Prompt) (common []exchange.Prompt, items [][]exchange.Prompt) {
	if !slices.ContainsFunc(prompts, func(p exchange.Prompt) bool { return p.Item != "" }) {
		return prompts, nil
	}
	places := map[string]int{}
	for _, prompt := range prompts {
		if prompt.Item == "" {
			common = append(common, prompt)
			continue
		}
		at, known := places[prompt.Item]
		if !known {
			at = len(items)
			places[prompt.Item] = at
			items = append(items, nil)
		}
		items[at] = append(items[at], prompt)
	}
	return common, items
}

// decideEach judges each item with what all have in common, until one is
// refused.
func (p *plan) decideEach(e *evaluation, in *Input) (*Decision, error) {
	common, items := divide(in.Prompts)
	if len(items) == 0 {
		return p.decide(e, in)
	}
	var decisions []*Decision // those that differ
	for _, item := range items {
		one := *in
		one.items = len(items)
		one.Prompts = slices.Concat(common, item)
		d, err := p.decide(e, &one)
		switch {
		case err != nil:
			return nil, err
		case !d.Allow:
			e.forget(len(common))
			one.Prompts = common
			return p.blame(e, &one, d, item[0].Item), nil
		case !slices.Contains(decisions, d):
			decisions = append(decisions, d)
		}
		e.forget(len(common))
	}
	return joinDecisions(decisions)
}

// forget prepares for the next item. What was seen of the common prompts stays.
func (e *evaluation) forget(common int) {
	if e.sight == nil {
		return
	}
	e.known, e.sight = e.sight.texts[:common:common], nil
}

// blame returns the refusal as one of an item, unless the request would be
// refused for the same without any of them, such as for their number.
func (p *plan) blame(e *evaluation, without *Input, refusal *Decision, item string) *Decision {
	if d, err := p.decide(e, without); err == nil && !d.Allow && slices.Equal(d.Reasons, refusal.Reasons) {
		return d
	}
	return refusal.about(item)
}

// about returns the decision as that about an item.
func (d *Decision) about(item string) *Decision {
	of := *d
	of.Item = item
	return &of
}

// joinDecisions returns what decisions that all allow amount to. Obligations
// that contradict each other are none.
func joinDecisions(decisions []*Decision) (*Decision, error) {
	all := *decisions[0]
	for _, d := range decisions[1:] {
		all.Reasons = union(all.Reasons, d.Reasons)
		all.Obligations = union(all.Obligations, d.Obligations)
		all.Labels = union(all.Labels, d.Labels)
		all.Observed = union(all.Observed, d.Observed)
	}
	if err := conflict(all.Obligations); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, within("obligations", err))
	}
	return &all, nil
}

// union returns a, and behind it what is only in b. It changes neither.
func union[T comparable](a, b []T) []T {
	more := slices.DeleteFunc(slices.Clone(b), func(item T) bool { return slices.Contains(a, item) })
	return slices.Concat(a, more)
}
