package promptpolicy

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// repeated returns n copies of a value.
func repeated(n int, value any) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = value
	}
	return items
}

func TestPromptsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, tc := range map[string]struct {
		body any
		want error
	}{
		"as many as may be":          {repeated(maxPrompts, ""), nil},
		"one more":                   {repeated(maxPrompts+1, ""), ErrTooManyPrompts},
		"a long name once":           {map[string]any{long: "rose"}, nil},
		"a long name a text":         {map[string]any{long: repeated(10_000, "")}, ErrLongPointers},
		"a long name of no text":     {map[string]any{long: repeated(10_000, []any{})}, nil},
		"many long names":            {map[string]any{long: "", long + "1": "", long + "2": "", long + "3": "", long + "4": "", long + "5": ""}, ErrLongPointers},
		"long texts are their bytes": {repeated(maxPrompts, long), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Prompts(tc.body, []PromptPath{WholeBody}); !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestRepeatedNamesCostLittle(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, leaf := range map[string]any{"texts": "", "empty arrays": []any{}} {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{long: repeated(10_000, leaf)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = Prompts(body, []PromptPath{WholeBody})
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 4*maxPointerBytes {
				t.Errorf("%d bytes were allocated for 80 KB of body", got)
			}
		})
	}
}
