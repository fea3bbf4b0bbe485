package structure

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a formula.
const (
	maxFormula = 128
	maxCount   = 100_000
	maxDepth   = 8
)

// Formula returns a written formula in Hill order: carbon, hydrogen, then the
// rest by symbol; all by symbol without carbon. Subscripts, groups in
// parentheses and parts after a middle dot are counted up: "(CH3)2CO" gives
// "C3H6O". It reports whether the text is a formula, and of at least two atoms.
func Formula(text string) (hill string, ok bool) {
	if len(text) > maxFormula {
		return "", false
	}
	total := map[string]int{}
	for part := range strings.FieldsFuncSeq(plain.Replace(text), func(r rune) bool { return r == '.' }) {
		factor, rest := number(part)
		p := parser{text: rest}
		counts, valid := p.group(0)
		if !valid || p.at < len(p.text) {
			return "", false
		}
		add(total, counts, factor)
	}
	return written(total)
}

// plain writes subscripts as digits, and the dots of hydrates as full stops.
var plain = strings.NewReplacer("₀", "0", "₁", "1", "₂", "2", "₃", "3", "₄", "4", "₅", "5", "₆", "6", "₇", "7", "₈", "8", "₉", "9",
	"·", ".", "•", ".", "∙", ".", "*", ".")

// parser reads a formula without dots.
type parser struct {
	text string
	at   int
}

// group reads up to the end of a group in parentheses or of the formula.
func (p *parser) group(depth int) (counts map[string]int, ok bool) {
	counts = map[string]int{}
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case (c == '(' || c == '[') && depth < maxDepth:
			p.at++
			inner, valid := p.group(depth + 1)
			if !valid || p.at >= len(p.text) {
				return nil, false
			}
			p.at++ // the closing one
			add(counts, inner, p.count())
		case (c == ')' || c == ']') && depth > 0 && len(counts) > 0:
			return counts, true
		default:
			symbol := elementAt(p.text[p.at:])
			if symbol == "" {
				return nil, false
			}
			p.at += len(symbol)
			add(counts, map[string]int{symbol: 1}, p.count())
		}
	}
	return counts, depth == 0 && len(counts) > 0
}

// elementAt returns the symbol that a text begins with.
func elementAt(text string) string {
	for size := min(2, len(text)); size > 0; size-- {
		if isElement(text[:size]) {
			return text[:size]
		}
	}
	return ""
}

// count reads how often what was read occurs.
func (p *parser) count() int {
	count, rest := number(p.text[p.at:])
	p.at = len(p.text) - len(rest)
	return count
}

// number reads a number, 1 if there is none.
func number(text string) (value int, rest string) {
	rest = strings.TrimLeft(text, "0123456789")
	digits := text[:len(text)-len(rest)]
	if digits == "" {
		return 1, rest
	}
	for _, c := range []byte(digits) {
		value = min(value*10+int(c-'0'), maxCount)
	}
	return value, rest
}

func add(total, counts map[string]int, factor int) {
	for symbol, count := range counts {
		total[symbol] = min(total[symbol]+count*factor, maxCount)
	}
}

// written returns counts in Hill order.
func written(counts map[string]int) (hill string, ok bool) {
	var text strings.Builder
	atoms := 0
	write := func(symbol string) {
		count := counts[symbol]
		if atoms += count; count == 0 {
			return
		}
		text.WriteString(symbol)
		if count > 1 {
			text.WriteString(strconv.Itoa(count))
		}
		delete(counts, symbol)
	}
	if counts["C"] > 0 {
		write("C")
		write("H")
	}
	for _, symbol := range slices.Sorted(maps.Keys(counts)) {
		write(symbol)
	}
	return text.String(), atoms > 1
}
