package decode

import (
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/offset"
)

// rewriter writes a text again with some parts replaced, from left to right.
type rewriter struct {
	text  string
	out   strings.Builder
	at    offset.Builder
	done  int      // how much of text is written
	names []string // of the encodings of what was replaced
	// passages are the places in out of what was decoded and is long enough to be
	// judged by itself.
	passages []passage
}

// passage is a part of a text.
type passage struct{ start, end int }

// leastPassage is how many bytes a passage has.
const leastPassage = 16

// keep writes the text up to a byte as it is.
func (w *rewriter) keep(to int) {
	if to > w.done {
		w.out.WriteString(w.text[w.done:to])
		w.at.Copy(to - w.done)
		w.done = to
	}
}

// put writes decoded characters for the text up to a byte.
func (w *rewriter) put(decoded string, to int) {
	w.out.WriteString(decoded)
	w.at.Replace(len(decoded), to-w.done)
	w.done = to
}

// unit is a piece of decoded text and how long what it was decoded from is.
type unit struct{ out, in int }

// replace writes decoded text, which consists of units, for what begins at a
// byte of the text.
func (w *rewriter) replace(name string, from int, decoded []byte, units []unit) {
	w.keep(from)
	if len(decoded) >= leastPassage {
		w.passages = append(w.passages, passage{w.out.Len(), w.out.Len() + len(decoded)})
	}
	w.out.Write(decoded)
	for _, u := range units {
		w.at.Replace(u.out, u.in)
		w.done += u.in
	}
	w.used(name)
}

func (w *rewriter) used(name string) {
	if !slices.Contains(w.names, name) {
		w.names = append(w.names, name)
	}
}

func (w *rewriter) finish() (string, offset.Map) {
	w.keep(len(w.text))
	return w.out.String(), w.at.Map()
}

// only returns the passages of a text, with a space between each two.
func only(text string, passages []passage) (string, offset.Map) {
	w := rewriter{text: text}
	for i, p := range passages {
		switch {
		case i == 0:
			w.at.Skip(p.start)
			w.done = p.start
		case p.start > w.done:
			w.put(" ", p.start)
		}
		w.keep(p.end)
	}
	return w.out.String(), w.at.Map()
}
