package configtext

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiffNamesWhatChanged(t *testing.T) {
	const before = `{"a": 1, "b": {"c": [1, 2, 3]}, "d/e": "x", "same": [1]}`
	const after = `{"a": 2, "b": {"c": [1, 4]}, "f": {"g": null}, "same": [1]}`
	want := []string{`~ /a: 1 -> 2`, `~ /b/c/1: 2 -> 4`, `- /b/c/2: 3`, `- /d~1e: "x"`, `+ /f: {"g":null}`}
	var trees [2]any
	for i, text := range []string{before, after} {
		if err := json.Unmarshal([]byte(text), &trees[i]); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, change := range Diff(trees[0], trees[1]) {
		got = append(got, change.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyWhatIsTheSameHasNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := any(trees(2).Draw(t, "one")), any(trees(2).Draw(t, "other"))
		if changes := Diff(one, one); len(changes) > 0 {
			t.Fatalf("a configuration differs from itself: %v", changes)
		}
		if same := cmp.Equal(one, other); same != (len(Diff(one, other)) == 0) {
			t.Fatalf("same = %v, %v", same, Diff(one, other))
		}
	})
}
