package term_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/signal/term"
)

func TestACoverContainsWhatOneOfItsSpansContains(t *testing.T) {
	span := rapid.Custom(func(t *rapid.T) term.Span {
		start := rapid.IntRange(0, 20).Draw(t, "start")
		return term.Span{Start: start, End: start + rapid.IntRange(0, 8).Draw(t, "length")}
	})
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOfN(span, 0, 6).Draw(t, "spans")
		sought := span.Draw(t, "sought")
		want := slices.ContainsFunc(spans, func(s term.Span) bool { return s.Start <= sought.Start && sought.End <= s.End })
		if got := term.NewCover(slices.Clone(spans)).Contains(sought); got != want {
			t.Fatalf("%v in %v: %v", sought, spans, got)
		}
		longer := slices.ContainsFunc(spans, func(s term.Span) bool {
			return s != sought && s.Start <= sought.Start && sought.End <= s.End
		})
		if got := term.NewCover(slices.Clone(spans)).ContainsInLonger(sought); got != longer {
			t.Fatalf("%v within %v: %v", sought, spans, got)
		}
	})
}
