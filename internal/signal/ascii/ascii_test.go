package ascii_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/signal/ascii"
)

func TestEveryByteButSmallLettersEndsARun(t *testing.T) {
	for before := range 9 {
		for c := range 256 {
			text := strings.Repeat("a", before) + string([]byte{byte(c)}) + strings.Repeat("z", 9)
			want := before
			if 'a' <= c && c <= 'z' {
				want = len(text)
			}
			if got := ascii.SmallEnd(text, 0); got != want {
				t.Fatalf("%q: %d, want %d", text, got, want)
			}
		}
	}
}

func TestRunsEndWhereTheirLettersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]{0,12}[^a-z]?){0,4}`).Draw(t, "text")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		rest := strings.TrimLeft(text[from:], "abcdefghijklmnopqrstuvwxyz")
		if got, want := ascii.SmallEnd(text, from), len(text)-len(rest); got != want {
			t.Fatalf("%q from %d: %d, want %d", text, from, got, want)
		}
	})
}
