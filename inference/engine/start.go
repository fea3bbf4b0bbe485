package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
)

// tasks returns what a round starts from.
func (s *search) tasks(ctx context.Context, count int) ([]diffusion.Task, error) {
	switch {
	case s.request.Scaffold != nil:
		return s.decorations(ctx, count)
	case s.request.Like != nil:
		return s.variations(ctx, count)
	}
	return s.attempt(ctx, "prompt", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		return s.model.Blank(s.model.DrawLength(s.rng, *condition))
	})
}

// A molecule to resemble keeps between these shares of its writing.
const (
	leastKept = 0.35
	mostKept  = 0.8
)

func (s *search) variations(ctx context.Context, count int) ([]diffusion.Task, error) {
	like := s.request.Like.WithoutStereo() // the model knows none
	if _, err := s.writable("like", like); err != nil {
		return nil, err
	}
	return s.attempt(ctx, "like", count, func(*diffusion.Condition) (diffusion.Draft, error) {
		share := leastKept + (mostKept-leastKept)*s.rng.Float64()
		return s.model.Variation(s.rng, like, share)
	})
}

// decorations gives a scaffold as many further tokens as molecules of this
// condition have, but few enough for it to stay recognisable.
func (s *search) decorations(ctx context.Context, count int) ([]diffusion.Task, error) {
	const mostAdded = 14
	scaffold := s.request.Scaffold.WithoutStereo()
	tokens, err := s.writable("scaffold", scaffold)
	if err != nil {
		return nil, err
	}
	room := s.model.MaxTokens() - tokens
	if room < 1 {
		return nil, &UnsuitableError{Field: "scaffold", Err: errors.New("it leaves no room for a substituent")}
	}
	return s.attempt(ctx, "scaffold", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		added := s.model.DrawLength(s.rng, *condition) - tokens
		added = min(max(added, 1+s.rng.IntN(4)), mostAdded, room)
		return s.model.Decoration(s.rng, scaffold, added)
	})
}

// writable returns how many tokens a molecule has, and an error where the model
// cannot write it: for an unknown token, and for too many.
func (s *search) writable(field string, m *chem.Molecule) (int, error) {
	tokens, err := s.model.Tokens(m.SMILES())
	if err == nil && tokens > s.model.MaxTokens() {
		err = fmt.Errorf("it has %d tokens, the model knows molecules of up to %d", tokens, s.model.MaxTokens())
	}
	if err != nil {
		return 0, &UnsuitableError{Field: field, Err: err}
	}
	return tokens, nil
}

// attempt makes drafts by a method that fails now and then, when a random writing has no good
// place to cut. It fails when the method never works.
func (s *search) attempt(ctx context.Context, field string, count int, draft func(*diffusion.Condition) (diffusion.Draft, error)) ([]diffusion.Task, error) {
	var tasks []diffusion.Task
	var failure error
	for range 4 * count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		condition := s.aim.condition(s.rng)
		d, err := draft(condition)
		if err != nil {
			failure = err
			continue
		}
		if tasks = append(tasks, diffusion.Task{Draft: d, Condition: condition}); len(tasks) == count {
			break
		}
	}
	if len(tasks) == 0 {
		return nil, &UnsuitableError{Field: field, Err: failure}
	}
	return tasks, nil
}
