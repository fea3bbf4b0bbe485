package tsv

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRows(t *testing.T) {
	var got [][]string
	err := Rows("t.tsv", "# a comment\n\na\tb\nc\t", 2, func(cells []string) error {
		got = append(got, cells)
		return nil
	})
	if diff := cmp.Diff([][]string{{"a", "b"}, {"c", ""}}, got); err != nil || diff != "" {
		t.Errorf("error %v, rows:\n%s", err, diff)
	}
}

func TestErrorsNameTableAndLine(t *testing.T) {
	refused := errors.New("no")
	for want, table := range map[string]string{
		"t.tsv:2: 1 columns, want 2": "a\tb\nc",
		"t.tsv:3: no":                "#\n\na\tb",
	} {
		if err := Rows("t.tsv", table, 2, func([]string) error {
			if table[0] == '#' {
				return refused
			}
			return nil
		}); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
