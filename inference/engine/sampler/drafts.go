package sampler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/inference/engine"
)

// drafter makes the drafts that a request is sampled from.
type drafter struct {
	model *diffusion.Model
	aim   aim
	// without stereo, which the model does not know; nil for none
	scaffold, like *chem.Molecule
	rng            *rand.Rand // for drafts; samples have their own
}

func newDrafter(model *diffusion.Model, request engine.Request, a aim, seed int64) *drafter {
	d := &drafter{
		model: model,
		aim:   a,
		rng:   rand.New(rand.NewPCG(uint64(seed), 1)), //nolint:gosec // sampling is no secret
	}
	if request.Scaffold != nil {
		d.scaffold = request.Scaffold.WithoutStereo()
	}
	if request.Like != nil {
		d.like = request.Like.WithoutStereo()
	}
	return d
}

// tasks returns what a round starts from.
func (d *drafter) tasks(ctx context.Context, count int) ([]diffusion.Task, error) {
	switch {
	case d.scaffold != nil:
		return d.decorations(ctx, count)
	case d.like != nil:
		return d.variations(ctx, count)
	}
	return d.attempt(ctx, "prompt", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		return d.model.Blank(d.model.DrawLength(d.rng, *condition))
	})
}

// A variation keeps between these shares of the molecule to resemble.
const (
	leastKept = 0.35
	mostKept  = 0.8
)

func (d *drafter) variations(ctx context.Context, count int) ([]diffusion.Task, error) {
	if _, err := d.writable("like", d.like); err != nil {
		return nil, err
	}
	return d.attempt(ctx, "like", count, func(*diffusion.Condition) (diffusion.Draft, error) {
		share := leastKept + (mostKept-leastKept)*d.rng.Float64()
		return d.model.Variation(d.rng, d.like, share)
	})
}

// decorations gives a scaffold as many further tokens as molecules of this
// condition have, but few enough for it to stay recognisable.
func (d *drafter) decorations(ctx context.Context, count int) ([]diffusion.Task, error) {
	const mostAdded = 14
	tokens, err := d.writable("scaffold", d.scaffold)
	if err != nil {
		return nil, err
	}
	room := d.model.MaxTokens() - tokens
	if room < 1 {
		return nil, &engine.UnsuitableError{Field: "scaffold", Err: errors.New("it leaves no room for a substituent")}
	}
	return d.attempt(ctx, "scaffold", count, func(condition *diffusion.Condition) (diffusion.Draft, error) {
		added := d.model.DrawLength(d.rng, *condition) - tokens
		added = min(max(added, 1+d.rng.IntN(4)), mostAdded, room)
		return d.model.Decoration(d.rng, d.scaffold, added)
	})
}

// writable returns how many tokens a molecule has, and an error where the model
// cannot write it: for an unknown token, and for too many.
func (d *drafter) writable(field string, m *chem.Molecule) (int, error) {
	tokens, err := d.model.Tokens(m.SMILES())
	if err == nil && tokens > d.model.MaxTokens() {
		err = fmt.Errorf("it has %d tokens, the model knows molecules of up to %d", tokens, d.model.MaxTokens())
	}
	if err != nil {
		return 0, &engine.UnsuitableError{Field: field, Err: err}
	}
	return tokens, nil
}

// attempt makes drafts by a method that may fail, where a random writing of the
// molecule has no good place to cut. It returns an error where the method never
// works.
func (d *drafter) attempt(ctx context.Context, field string, count int, method func(*diffusion.Condition) (diffusion.Draft, error)) ([]diffusion.Task, error) {
	var tasks []diffusion.Task
	var failure error
	for range 4 * count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		condition := d.aim.condition(d.rng)
		draft, err := method(condition)
		if err != nil {
			failure = err
			continue
		}
		if tasks = append(tasks, diffusion.Task{Draft: draft, Condition: condition}); len(tasks) == count {
			break
		}
	}
	if len(tasks) == 0 {
		return nil, &engine.UnsuitableError{Field: field, Err: failure}
	}
	return tasks, nil
}
