package odor

import (
	_ "embed"
	"slices"
	"strings"
)

// ordinaryWords are right as they are, though they look like a misspelling or
// an inflection of a smell: "shoulder" is not smouldering, nor "brand" brandy.
//
//go:embed ordinary.txt
var ordinaryWords string

var ordinary = set(strings.Fields(ordinaryWords)...)

// Words shorter than this are too like one another to be guessed at ("sheet"
// is not sweet); from longWord letters on, two mistakes are forgiven.
const (
	guessable = 6
	longWord  = 9
)

// speller knows single words and finds the one that a misspelling stands for.
type speller struct {
	byInitial map[byte][]string
	meanings  map[string]string
}

// newSpeller learns the phrases that are one word and long enough, which is one
// less than what is typed, with what each means.
func newSpeller(meanings map[string]string) speller {
	s := speller{byInitial: map[byte][]string{}, meanings: meanings}
	for text := range meanings {
		if len(text) >= guessable-1 && !strings.Contains(text, " ") {
			s.byInitial[text[0]] = append(s.byInitial[text[0]], text)
		}
	}
	for _, candidates := range s.byInitial {
		slices.Sort(candidates)
	}
	return s
}

// correct returns the known word nearest to a misspelt one: the same first
// letter, and one mistake in a word of 6 to 8 letters or two in a longer one.
// Two words equally near are no answer, unless they mean the same.
func (s speller) correct(text string) (string, bool) {
	if len(text) < guessable {
		return "", false
	}
	allowed := 1
	if len(text) >= longWord {
		allowed = 2
	}
	best, nearest, tied := "", allowed+1, false
	for _, candidate := range s.byInitial[text[0]] {
		if abs(len(candidate)-len(text)) > allowed {
			continue
		}
		switch d := distance(text, candidate); {
		case d < nearest:
			best, nearest, tied = candidate, d, false
		case d == nearest:
			tied = tied || s.meanings[candidate] != s.meanings[best]
		}
	}
	return best, nearest <= allowed && !tied
}

// suggest returns the known words that a text may be meant for where it is
// nothing that [speller.correct] would take for granted: with the same first
// letter, a third of its letters wrong at most, the likest first.
func (s speller) suggest(text string) []string {
	if len(text) < guessable || len(text) > longestWord || ordinary[text] {
		return nil
	}
	var guesses []guess
	for _, word := range s.byInitial[text[0]] {
		if abs(len(word)-len(text)) > len(text)/3 {
			continue
		}
		if away := distance(text, word); away <= len(text)/3 {
			guesses = append(guesses, guess{word, away})
		}
	}
	return likest(guesses)
}

func abs(n int) int { return max(n, -n) }

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours between two words, each letter touched at most once (optimal
// string alignment, a restriction of Damerau, Commun. ACM 1964, 7, 171).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := last[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(substitution, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
