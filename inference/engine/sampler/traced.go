package sampler

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/odordiff/odordiff/inference/diffusion"
	"github.com/odordiff/odordiff/internal/tracing"
)

// groupSize is how many steps have one span.
const groupSize = 6

// traceRound makes the spans of a round, until the returned function is called:
// one for each group of steps, and one from the first sample that is judged to
// the last. Samples are judged between steps, as soon as they are finished.
func traceRound(ctx context.Context, round, drafts int, settings *diffusion.Settings) (end func()) {
	if !tracing.Recording(ctx) {
		return func() {}
	}
	ctx, span := tracing.Start(ctx, "sample", trace.WithAttributes(
		attribute.Int("odordiff.round", round), attribute.Int("odordiff.drafts", drafts)))
	t := &roundTrace{ctx: ctx, progress: settings.Progress, finished: settings.Finished, since: time.Now()}
	settings.Progress, settings.Finished = t.step, t.judge
	return func() {
		t.endGroup()
		t.endJudging()
		span.End()
	}
}

// roundTrace follows a round. It is used by one goroutine at a time.
type roundTrace struct {
	ctx      context.Context
	progress func(step, steps int, unmasked float64) // nil for none
	finished func(diffusion.Sample) error

	since    time.Time // the end of the last group
	last     int       // step of all
	grouped  int       // steps since the last group
	unmasked float64

	judging time.Time // of the first sample
	judged  int
	busy    time.Duration
}

// step is the round's [diffusion.Settings.Progress].
func (t *roundTrace) step(step, steps int, unmasked float64) {
	t.last, t.unmasked = step, unmasked
	if t.grouped++; t.grouped == groupSize {
		t.endGroup()
	}
	if t.progress != nil {
		t.progress(step, steps, unmasked)
	}
}

func (t *roundTrace) endGroup() {
	if t.grouped == 0 {
		return
	}
	_, span := tracing.Start(t.ctx, "steps", trace.WithTimestamp(t.since), trace.WithAttributes(
		attribute.Int("odordiff.steps.first", t.last-t.grouped+1), attribute.Int("odordiff.steps.last", t.last),
		attribute.Float64("odordiff.unmasked", t.unmasked)))
	span.End()
	t.since, t.grouped = time.Now(), 0
}

// judge is the round's [diffusion.Settings.Finished].
func (t *roundTrace) judge(sample diffusion.Sample) error {
	start := time.Now()
	if t.judged++; t.judged == 1 {
		t.judging = start
	}
	err := t.finished(sample)
	t.busy += time.Since(start)
	return err
}

func (t *roundTrace) endJudging() {
	if t.judged == 0 {
		return
	}
	_, span := tracing.Start(t.ctx, "judge", trace.WithTimestamp(t.judging), trace.WithAttributes(
		attribute.Int("odordiff.samples", t.judged), attribute.Float64("odordiff.busy_seconds", t.busy.Seconds())))
	span.End()
}
