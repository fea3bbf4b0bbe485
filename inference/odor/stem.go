package odor

import "strings"

// inflection is an ending that a word may carry and what stands there in the
// base form.
type inflection struct{ ending, base string }

// inflections are tried in this order; the first base form that is known wins.
// Where an ending may have swallowed an e, the form with it comes first:
// "fires" are fire, not fir.
var inflections = []inflection{
	{"ies", "y"}, {"ves", "f"}, {"s", ""}, {"es", ""},
	{"like", ""}, {"ish", ""}, {"ness", ""}, {"scented", ""}, {"flavoured", ""}, {"flavored", ""},
	{"ier", "y"}, {"iest", "y"}, {"er", "e"}, {"er", ""}, {"est", "e"}, {"est", ""},
	{"iness", "y"}, {"ily", "y"}, {"ly", ""},
	{"ey", ""}, {"y", ""}, {"y", "e"}, {"ic", ""},
	{"ened", ""}, {"ed", "e"}, {"ed", ""}, {"ing", "e"}, {"ing", ""}, {"en", ""},
	{"", "y"}, {"", "ey"}, {"e", "y"},
}

// shortestStem is the least that must remain of a word, so that "is" is no form
// of "i".
const shortestStem = 3

// forms returns a word and the base forms that it may be an inflection of.
func forms(text string) []string {
	all := []string{text}
	for _, i := range inflections {
		stem, ok := strings.CutSuffix(text, i.ending)
		if !ok || len(stem) < shortestStem {
			continue
		}
		all = append(all, stem+i.base)
		if undoubled, ok := undouble(stem); ok && i.ending != "" && i.base == "" {
			all = append(all, undoubled)
		}
	}
	return all
}

// undouble takes back the doubled consonant of "nutty" or "figgy".
func undouble(stem string) (string, bool) {
	n := len(stem)
	if n <= shortestStem || stem[n-1] != stem[n-2] {
		return "", false
	}
	return stem[:n-1], true
}
