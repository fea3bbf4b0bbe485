package odor

import (
	"strings"
	"unicode"

	"github.com/odordiff/odordiff/internal/textnorm"
)

// token is a word of a prompt, or a mark that ends a part of it.
type token struct {
	text string
	mark mark
}

// mark is what stands between words.
type mark byte

const (
	word  mark = iota
	comma      // the next item of a list: , / + ( )
	pause      // within a statement: a colon, – — or a spaced hyphen
	stop       // the end of a statement: . ; ! ? or a new line
)

// greek spells the letters of chemical names out, before look-alikes are folded
// into Latin ones.
var greek = strings.NewReplacer("α", "alpha", "β", "beta", "γ", "gamma", "δ", "delta")

// straight makes typographic apostrophes plain ones.
var straight = strings.NewReplacer("’", "'", "‘", "'")

// tokenise splits text into lower-case words without diacritics and the marks
// between them. A hyphen within a word separates its parts; a possessive 's is
// dropped.
func tokenise(text string) []token {
	var tokens []token
	lines := strings.FieldsFunc(greek.Replace(text), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if i > 0 {
			tokens = append(tokens, token{mark: stop})
		}
		tokens = appendLine(tokens, []rune(textnorm.Normalise(line)))
	}
	return tokens
}

func appendLine(tokens []token, line []rune) []token {
	for i := 0; i < len(line); {
		if isWordRune(line[i]) {
			end := wordEnd(line, i)
			tokens = appendWord(tokens, string(line[i:end]))
			i = end
			continue
		}
		if end := prefixEnd(line, i); end > 0 {
			tokens = appendPrefix(tokens, line[i+1:end-1])
			i = end
			continue
		}
		if t, ok := signAt(line, i); ok {
			tokens = append(tokens, t)
		}
		i++
	}
	return tokens
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' }

// wordEnd finds where the word that begins at i ends. An apostrophe within a
// word belongs to it.
func wordEnd(line []rune, i int) int {
	for i < len(line) {
		inner := isApostrophe(line[i]) && i+1 < len(line) && isWordRune(line[i+1])
		if !isWordRune(line[i]) && !inner {
			break
		}
		i++
	}
	return i
}

func appendWord(tokens []token, text string) []token {
	text = straight.Replace(text)
	text = strings.TrimSuffix(text, "'s")
	text = strings.ReplaceAll(text, "'", "")
	return append(tokens, token{text: text})
}

// longestPrefix is the number of runes between the parentheses of "(E,Z)-".
const longestPrefix = 3

// prefixEnd finds where a stereo prefix that begins at i ends, such as the (E)
// of "(E)-2-hexenal". It is 0 where there is none: other parentheses are marks.
func prefixEnd(line []rune, i int) int {
	if line[i] != '(' {
		return 0
	}
	for end := i + 2; end <= i+1+longestPrefix && end+1 < len(line); end++ {
		if line[end] == ')' && line[end+1] == '-' {
			return end + 1
		}
	}
	return 0
}

// appendPrefix takes the letters of a stereo prefix for words.
func appendPrefix(tokens []token, prefix []rune) []token {
	for _, r := range prefix {
		if isWordRune(r) {
			tokens = append(tokens, token{text: string(r)})
		}
	}
	return tokens
}

// signAt reads the mark at i, or the word that a sign stands for: & and the
// stroke between two words.
func signAt(line []rune, i int) (token, bool) {
	switch {
	case line[i] == '&':
		return token{text: "and"}, true
	case line[i] == '/' && betweenWords(line, i):
		return token{text: "or"}, !isWithout(line, i)
	}
	m := markAt(line, i)
	return token{mark: m}, m != word
}

func betweenWords(line []rune, i int) bool {
	return i > 0 && i+1 < len(line) && isWordRune(line[i-1]) && isWordRune(line[i+1])
}

// isWithout reports whether the stroke at i, between two words, is that of
// "w/o".
func isWithout(line []rune, i int) bool {
	return line[i-1] == 'w' && line[i+1] == 'o' &&
		(i == 1 || !isWordRune(line[i-2])) && (i+2 == len(line) || !isWordRune(line[i+2]))
}

// markAt reads the mark at i. A comma, point or colon between digits is part of
// a chemical name or a number and marks nothing.
func markAt(line []rune, i int) mark {
	betweenDigits := i > 0 && i+1 < len(line) && unicode.IsDigit(line[i-1]) && unicode.IsDigit(line[i+1])
	switch line[i] {
	case ',', '.', ':':
		if betweenDigits {
			return word
		}
		return points[line[i]]
	case '-':
		if isDash(line, i) {
			return pause
		}
	case '–', '—', '―', '−':
		return pause
	case '/', '+', '(', ')':
		return comma
	case ';', '!', '?':
		return stop
	}
	return word
}

// points are the marks that may also stand within a number.
var points = map[rune]mark{',': comma, '.': stop, ':': pause}

// isDash reports whether the hyphen at i stands for a dash: doubled, or
// between spaces.
func isDash(line []rune, i int) bool {
	if i == 0 || i+1 == len(line) {
		return false
	}
	return line[i+1] == '-' || line[i-1] == ' ' && line[i+1] == ' '
}

// words joins the words of text with spaces: the form in which phrases are
// looked up.
func words(text string) string {
	var kept []string
	for _, t := range tokenise(text) {
		if t.mark == word {
			kept = append(kept, t.text)
		}
	}
	return strings.Join(kept, " ")
}
