package pattern

import "math/bits"

// Spread is an identifier of a chemical whose characters are written apart:
// "5 0 - 0 0 - 0", "C.C.O", "C4 H10 F O2 P". Where it ends is not always
// certain, as the words around it may be written so too.
type Spread struct {
	Match
	// Readings are what it may say, the longest first.
	Readings []string
}

// MaxSpreads is how many identifiers that are written apart are found at most.
const MaxSpreads = 64

// Bounds of what is written apart.
const (
	longestPiece = 3 // bytes without a gap
	leastPieces  = 4
	longestRun   = 4 << 10
	// cuts is how many ends of a SMILES are considered.
	cuts = 4
	// readAhead is how many characters of a SMILES are read.
	readAhead = 256
)

// FindSpread returns the identifiers of chemicals in a text that are written
// apart: CAS numbers, formulas, SMILES and InChIs. It takes time in proportion
// to the text, and no memory where nothing may be one.
func FindSpread(text string) (found []Spread) {
	g := gaps{text: text}
	for i := g.next(0); i < len(text) && len(found) < MaxSpreads; i = g.next(i + 1) {
		if text[i] == '-' && isBlankBeside(text, i) {
			if s, ok := spacedCAS(text, i); ok {
				found = append(found, s)
				i = s.End - 1
				continue
			}
		}
		if !gapsFollow(text, i) {
			continue
		}
		if r, ok := readRun(text, i); ok {
			found = r.find(found)
			i = max(i, r.end-1)
		}
	}
	return found
}

// gaps are the places in a text at which something written apart may begin: a
// hyphen, or a gap behind which two more follow soon. They are found for many
// bytes at once, because branches at each word cost more.
type gaps struct {
	text  string
	from  int    // of the block that is looked through
	marks uint64 // the places in it, one bit each
	end   int    // of the block; the places before are in marks
}

const (
	// gapsAhead is how far behind a gap two more may be.
	gapsAhead = 2 * (longestPiece + 1)
	gapsBlock = 64 - gapsAhead
)

// next returns the first place from a byte on; the length of the text if there
// is none.
func (g *gaps) next(i int) int {
	for i < len(g.text) {
		if i >= g.end {
			g.read(i)
		}
		if ahead := g.marks >> (i - g.from); ahead != 0 {
			return i + bits.TrailingZeros64(ahead)
		}
		i = g.end
	}
	return len(g.text)
}

// read looks through the block that begins at a byte.
func (g *gaps) read(from int) {
	var all, hyphens uint64
	block := g.text[from:min(from+64, len(g.text))]
	for i := range len(block) {
		is := gapMark[block[i]]
		all |= uint64(is&1) << i
		hyphens |= uint64(is>>1) << i
	}
	followed := all & (all>>2 | all>>3 | all>>4)
	twice := all & (followed>>2 | followed>>3 | followed>>4)
	g.from, g.end = from, min(from+gapsBlock, len(g.text))
	g.marks = (twice | hyphens) & (1<<gapsBlock - 1)
}

// gapMark is 1 for what may stand between two characters, with 2 added for a
// hyphen.
var gapMark = func() (table [256]uint8) {
	for c, kind := range gapKind {
		if kind != 0 {
			table[c] = 1
		}
	}
	table['-'] |= 2
	return table
}()

// gapKind holds what may stand between two characters, white space as one kind;
// 0 for what may not.
var gapKind = func() (table [256]uint8) {
	for i, c := range []byte(".,;_|*~-") {
		table[c] = uint8(i + 2)
	}
	for _, c := range []byte(" \t\n\r") {
		table[c] = 1
	}
	return table
}()

func isGap(c byte) bool { return gapKind[c] != 0 }

// gapsFollow reports whether two more gaps of the kind may follow one, with a
// piece before each.
func gapsFollow(text string, i int) bool {
	for range leastPieces - 2 {
		kind, last := gapKind[text[i]], min(i+longestPiece+1, len(text)-1)
		for i += 2; i <= last && gapKind[text[i]] != kind; {
			i++
		}
		if i > last {
			return false
		}
	}
	return true
}

// sameGap reports whether two bytes are gaps of one kind.
func sameGap(a, b byte) bool { return gapKind[a] == gapKind[b] }

// run is a part of a text that is written apart, without its gaps.
type run struct {
	scanner          // of the characters
	at         []int // where each is
	piece      []int // which piece each is of
	pieces     int
	start, end int
}

// readRun reads the pieces around a gap, if there are enough.
func readRun(text string, gap int) (r run, ok bool) {
	start := gap
	for start > 0 && gap-start < longestPiece && !isGap(text[start-1]) {
		start--
	}
	if start > 0 && !isGap(text[start-1]) {
		start = gap + 1
	}
	pieces := 0
	eachPiece(text, start, gap, func(int, int) bool {
		pieces++
		return pieces < leastPieces
	})
	if pieces < leastPieces {
		return run{}, false
	}
	r = run{start: start, end: start}
	var joined []byte
	eachPiece(text, start, gap, func(i, end int) bool {
		for ; i < end; i++ {
			joined, r.at, r.piece = append(joined, text[i]), append(r.at, i), append(r.piece, r.pieces)
		}
		r.pieces++
		r.end = end
		return len(joined) < longestRun
	})
	r.text = string(joined)
	return r, true
}

// eachPiece visits the pieces from a byte on that stand between gaps of one
// kind, until visit returns false.
func eachPiece(text string, start, gap int, visit func(i, end int) bool) {
	for i := start; i < len(text); {
		end := i + 1 // so that a sign that is also a gap may be a piece
		for end < len(text) && end-i < longestPiece && !isGap(text[end]) {
			end++
		}
		if end < len(text) && !isGap(text[end]) {
			return
		}
		more := end < len(text) && sameGap(text[end], text[gap])
		if !visit(i, end) || !more {
			return
		}
		for i = end; i < len(text) && i < end+longestPiece && (i == end || isSpace(text[i])); i++ {
		}
	}
}

// find appends what a run says.
func (r *run) find(found []Spread) []Spread {
	budget := readAhead + 4*len(r.text)
	for i := 0; i < len(r.text) && budget > 0 && len(found) < MaxSpreads; {
		kind, ends := r.identifier(i, &budget)
		if len(ends) == 0 || r.piece[ends[0]-1]-r.piece[i] < 2 {
			i++
			continue
		}
		s := Spread{Match: Match{kind, r.at[i], r.at[ends[0]-1] + 1}}
		for _, end := range ends {
			s.Readings = append(s.Readings, r.text[i:end])
		}
		found = append(found, s)
		i = ends[0]
	}
	return found
}

// identifier returns where an identifier may end that begins at a character,
// the farthest first.
func (r *run) identifier(i int, budget *int) (kind Kind, ends []int) {
	c, before := r.text[i], r.byteAt(i-1)
	switch {
	case isDigit(c):
		if end := readCAS(r.text, i); end > i && !isDigit(before) && before != '-' && !isDigit(r.byteAt(end)) {
			return CAS, []int{end}
		}
		return CAS, nil
	case isUpper(before), isDigit(before), before != 0 && !isLower(before) && mayFollow[before]:
		return Formula, nil
	case c == 'I' && r.hasAt(i, "InChI=1"):
		r.found = nil
		if end := r.inchi(i); end > i {
			return InChI, []int{end}
		}
	case isUpper(c):
		if ends := r.formulaEnds(i); ends != nil {
			return Formula, ends
		}
	}
	if smilesStart[c] {
		return SMILES, r.smilesEnds(i, budget)
	}
	return SMILES, nil
}

// formulaEnds returns where a formula may end: the small letter behind its last
// sign may begin a word.
func (r *run) formulaEnds(i int) (ends []int) {
	end, two := i, false
	for end < len(r.text) && end-i < farthest {
		c := r.text[end]
		switch {
		case isUpper(c) && isLower(r.byteAt(end+1)) && isElement[int(c)<<8|int(r.text[end+1])]:
			end, two = end+2, true
			continue
		case isUpper(c) && isElement[int(c)<<8], isDigit(c), c == '(', c == ')':
			end, two = end+1, false
			continue
		}
		break
	}
	for ; end > i && len(ends) < 2; end-- {
		part := scanner{text: r.text[i:end]}
		if part.formula(0) == len(part.text) {
			ends = append(ends, end)
		}
		if !two {
			break
		}
	}
	return ends
}

// smilesEnds returns where a SMILES may end: before a small letter, which may
// begin a word, or where nothing of a SMILES follows.
func (r *run) smilesEnds(i int, budget *int) (ends []int) {
	text := r.text[i:min(len(r.text), i+readAhead)]
	reader := smilesReader{text: text, plain: true}
	for reader.step() {
		*budget--
		closed := reader.depth == 0 && reader.rings == 0 && reader.atomLast
		next := r.byteAt(i + reader.pos)
		if closed && (next == 0 || isLower(next) || !mayFollow[next]) && reader.isMolecule(text[:reader.pos]) {
			ends = append([]int{i + reader.pos}, ends[:min(len(ends), cuts-1)]...)
		}
	}
	return ends
}

func isBlankBeside(text string, i int) bool {
	return i > 0 && i+1 < len(text) && (isSpace(text[i-1]) || isSpace(text[i+1]))
}

// spacedCAS reads a CAS number with white space beside its hyphens, of which
// the first is at a byte.
func spacedCAS(text string, hyphen int) (Spread, bool) {
	start := hyphen
	for start > 0 && hyphen-start < longestPiece && isSpace(text[start-1]) {
		start--
	}
	first := start
	for start > 0 && first-start < farthest && isDigit(text[start-1]) {
		start--
	}
	if n := first - start; n < 2 || n > 7 || start > 0 && (isAlnum(text[start-1]) || text[start-1] == '-') {
		return Spread{}, false
	}
	joined, end := []byte(text[start:first]), hyphen
	for len(joined) < first-start+len("-00-0") && end < len(text) {
		if c := text[end]; isDigit(c) || c == '-' {
			joined = append(joined, c)
		} else if !isSpace(c) || end-hyphen > farthest {
			break
		}
		end++
	}
	if readCAS(string(joined), 0) != len(joined) || end < len(text) && isAlnum(text[end]) {
		return Spread{}, false
	}
	return Spread{Match{CAS, start, end}, []string{string(joined)}}, true
}
