package textnorm

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/odordiff/odordiff/internal/offset"
)

// foldWriter writes text in the comparable form, but decomposed: it maps each
// character by itself and collapses spaces.
type foldWriter struct {
	out   strings.Builder
	at    *offset.Builder // nil where nobody asks for a map
	seams bool
	// Whether there was a space, or something invisible, since the last character.
	space, seam bool
	others      bool   // whether there were characters that may compose
	done        int    // how much of the original is in the map
	decomposed  []byte // what is at hand
}

// fold returns text in the comparable form, decomposed, and reports whether it
// may have to be composed.
func fold(text string, seams bool, b *Budget, at *offset.Builder) (folded string, composes bool, err error) {
	f := foldWriter{seams: seams, at: at}
	f.out.Grow(min(len(text), b.Room))
	for i := 0; i < len(text); {
		i = f.write(text, i, min(i+chunk, len(text)))
		if i == len(text) {
			break
		}
		if f.out.Len() > b.Room {
			return "", false, ErrGrows
		}
		if b.Expired() {
			return "", false, ErrExpired
		}
	}
	return f.out.String(), f.others, nil
}

// write folds text from one byte to another, or somewhat further, and returns
// how far it came.
func (f *foldWriter) write(text string, i, to int) int {
	for i < to {
		if text[i] < utf8.RuneSelf {
			i = f.writeASCII(text[:to], i)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		folded := simple(r)
		switch {
		case folded != "":
			f.separate(i)
			f.out.WriteString(folded)
			f.account(len(folded), i, i+size)
			i += size
		case isDiacritic(r) && !isInvisible(r):
			f.drop(i, i+size)
			i += size
		default:
			i = f.writeOthers(text, i)
		}
	}
	return i
}

// writeASCII folds text as long as it is ASCII, and returns how far it came.
func (f *foldWriter) writeASCII(text string, i int) int {
	for i < len(text) && text[i] < utf8.RuneSelf {
		switch c := text[i]; {
		case shows(c):
			f.separate(i)
			n := f.lower(text[i:])
			f.at.Copy(n)
			i += n
			f.done = i
			continue
		case c == ' ', '\t' <= c && c <= '\r':
			f.space = f.out.Len() > 0
		default:
			f.seam = f.seams
		}
		i++
	}
	return i
}

// shows reports whether an ASCII character is neither a space nor a control.
func shows(c byte) bool { return lowerASCII[c] > ' ' }

// lower writes the first characters of text, which begins with one that shows,
// in lower case: those that show, and single spaces between them.
func (f *foldWriter) lower(text string) int {
	var piece [256]byte
	text = text[:min(len(text), len(piece))]
	n, before := 0, byte(0)
	for n < len(text) {
		c := lowerASCII[text[n]]
		if c == 0 || c|before == ' ' { // nothing, or a second space
			break
		}
		piece[n] = c
		before = c
		n++
	}
	if before == ' ' {
		n--
	}
	f.out.Write(piece[:n])
	return n
}

// writeOthers folds a run of characters that have to be looked up, and returns
// where it ends: at the next byte that is not UTF-8, too.
func (f *foldWriter) writeOthers(text string, from int) int {
	to := from
	for to < len(text) && !validAt(text[to:]) {
		to++
	}
	if to > from {
		f.block("\uFFFD", from, to)
		return to
	}
	for to < len(text) && text[to] >= utf8.RuneSelf && validAt(text[to:]) && to < from+2*chunk {
		r, size := utf8.DecodeRuneInString(text[to:])
		if simple(r) != "" || to >= from+chunk && isBoundary(text[to:]) {
			break
		}
		to += size
	}
	f.others = true
	normal := norm.NFKD.IsNormalString(text[from:to])
	for i := from; i < to; {
		i = f.writeNext(text[:to], i, normal)
	}
	return to
}

// writeNext folds the next characters that belong together: one where the text
// is decomposed already. It returns where they end.
func (f *foldWriter) writeNext(text string, from int, normal bool) int {
	_, size := utf8.DecodeRuneInString(text[from:])
	to := from + size
	if normal {
		f.block(text[from:to], from, to)
		return to
	}
	for to < len(text) && !isBoundary(text[to:]) {
		_, size := utf8.DecodeRuneInString(text[to:])
		to += size
	}
	f.decomposed = norm.NFKD.AppendString(f.decomposed[:0], text[from:to])
	f.block(string(f.decomposed), from, to)
	return to
}

// validAt reports whether a text begins with a character of UTF-8.
func validAt(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return r != utf8.RuneError || size > 1
}

// isBoundary reports whether the first character of text belongs to none before
// it.
func isBoundary(text string) bool { return norm.NFKD.PropertiesString(text).BoundaryBefore() }

// block writes characters that have come, as a whole, from a part of the
// original.
func (f *foldWriter) block(decomposed string, from, to int) {
	start := -1
	for _, r := range decomposed {
		if !isPlain(r) && f.hide(r) {
			continue
		}
		if start < 0 {
			if f.done < from {
				f.separate(from)
			}
			start = f.out.Len()
		}
		f.separator()
		if r = foldRune(r); r == 'ß' {
			f.out.WriteByte('s')
			r = 's'
		}
		f.out.WriteRune(r)
	}
	if start >= 0 {
		f.account(f.out.Len()-start, from, to)
	} else if r, _ := utf8.DecodeRuneInString(decomposed); isDiacritic(r) {
		f.drop(from, to)
	}
}

// hide reports whether r is not written, and remembers what takes its place.
func (f *foldWriter) hide(r rune) bool {
	switch {
	case isSpace(r):
		f.space = f.out.Len() > 0
	case isInvisible(r):
		f.seam = f.seams
	default:
		return isDiacritic(r)
	}
	return true
}

// separate writes what stands between the last character and the next one,
// which begins at a byte of the original.
func (f *foldWriter) separate(next int) {
	f.at.Replace(f.separator(), next-f.done)
	f.done = next
}

// separator writes a space or a seam if there is one to write.
func (f *foldWriter) separator() (size int) {
	before := f.out.Len()
	switch {
	case f.space:
		f.out.WriteByte(' ')
	case f.seam && before > 0:
		f.out.WriteRune(Seam)
	}
	f.space, f.seam = false, false
	return f.out.Len() - before
}

// account says that the last n bytes written have come from a part of the
// original.
func (f *foldWriter) account(n, from, to int) {
	_, last := utf8.DecodeLastRuneInString(f.out.String())
	if last == n && n == to-from {
		f.at.Copy(n)
	} else {
		f.at.Replace(n, to-from)
	}
	f.done = to
}

// drop counts a diacritic to the character that it stands on.
func (f *foldWriter) drop(from, to int) {
	if f.done == from && f.out.Len() > 0 {
		f.at.Extend(to - from)
		f.done = to
	}
}

// compose returns folded text composed, and where its bytes come from.
func compose(folded string) (string, offset.Map) {
	if norm.NFC.String(folded) == folded { // nearly always, and no new string
		return folded, offset.Map{}
	}
	var at offset.Builder
	out := make([]byte, 0, len(folded))
	for i := 0; i < len(folded); {
		_, n := utf8.DecodeRuneInString(folded[i:])
		for i+n < len(folded) && !norm.NFC.PropertiesString(folded[i+n:]).BoundaryBefore() {
			_, size := utf8.DecodeRuneInString(folded[i+n:])
			n += size
		}
		before := len(out)
		out = norm.NFC.AppendString(out, folded[i:i+n])
		if string(out[before:]) == folded[i:i+n] {
			at.Copy(n)
		} else {
			at.Replace(len(out)-before, n)
		}
		i += n
	}
	return string(out), at.Map()
}
