package main

import (
	"os"
	"strings"
	"testing"
)

// page reports on the tables of testdata and a policy that refuses one word.
func page(t *testing.T, given bool, o options) string {
	t.Helper()
	from := sources{corpus: os.DirFS("testdata/corpus"), hazards: os.DirFS("testdata/hazards"), payloads: os.DirFS("testdata/payloads")}
	if given {
		from.given = os.DirFS("testdata/given")
	}
	var out strings.Builder
	if err := report(t.Context(), &out, "testdata/policies", from, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestThePage(t *testing.T) {
	got := page(t, false, options{misses: 10})
	want, err := os.ReadFile("testdata/page.md")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is\n%s", got)
	}
}

func TestTheSamePageComesTwice(t *testing.T) {
	o := options{misses: 10, showGiven: true}
	if first, again := page(t, true, o), page(t, true, o); first != again {
		t.Error("the pages differ")
	}
}

func TestGivenTextsAreCounted(t *testing.T) {
	if got := page(t, true, options{}); !strings.Contains(got, "| **published injection** | 2 |") {
		t.Errorf("the page is\n%s", got)
	}
}

func TestGivenTextsAreShownOnlyIfAsked(t *testing.T) {
	for _, show := range []bool{false, true} {
		if got := strings.Contains(page(t, true, options{misses: 100, showGiven: show}), "private"); got != show {
			t.Errorf("with show-given %t they are shown: %t", show, got)
		}
	}
}

func TestAnExampleIsOneLine(t *testing.T) {
	for written, want := range map[string]string{
		"a\nb\u200b":             "`a·b·`",
		"a `b`":                  "`` a `b` ``",
		strings.Repeat("é", 161): "`" + strings.Repeat("é", 160) + "…`",
	} {
		if got := code(written); got != want {
			t.Errorf("%q: %s", written, got)
		}
	}
}
