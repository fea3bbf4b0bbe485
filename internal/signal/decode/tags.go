package decode

import "unicode/utf8"

// The tag characters, which do not show: each stands for an ASCII one. The last
// ends the name of a region's flag.
const (
	firstTag = '\U000e0020'
	lastTag  = '\U000e007e'
	cancel   = '\U000e007f'
	flag     = '\U0001f3f4'
)

// The variation selectors, with which bytes are written that do not show.
const (
	firstSelector      = '\ufe00'
	lastSelector       = '\ufe0f'
	firstMoreSelectors = '\U000e0100'
	lastMoreSelectors  = '\U000e01ef'
)

// tags decodes a run of characters that do not show, unless it is a flag's.
func (u *unwrapper) tags(i int) int {
	from := i
	u.decoded, u.units = u.decoded[:0], u.units[:0]
	cancelled := false
	for i < len(u.text) {
		r, size := utf8.DecodeRuneInString(u.text[i:])
		b, hidden := hiddenByte(r)
		if !hidden {
			break
		}
		cancelled = r == cancel
		if b != 0 {
			u.decoded = append(u.decoded, b)
			u.units = append(u.units, unit{1, size})
		} else {
			u.units = append(u.units, unit{0, size})
		}
		i += size
	}
	before, _ := utf8.DecodeLastRuneInString(u.text[:from])
	if before == flag && cancelled && len(u.decoded) <= 6 {
		return i
	}
	u.setApart(from, i)
	return u.keepDecoded(Tags, from, i)
}

// setApart puts spaces between what was hidden and a word beside it.
func (u *unwrapper) setApart(from, end int) {
	if len(u.decoded) == 0 {
		return
	}
	if from > 0 && classOf[u.text[from-1]]&wordPart != 0 {
		u.decoded = append([]byte{' '}, u.decoded...)
		u.units[0].out++
	}
	if end < len(u.text) && classOf[u.text[end]]&wordPart != 0 {
		u.decoded = append(u.decoded, ' ')
		u.units[len(u.units)-1].out++
	}
}

// hiddenByte returns the byte that a character stands for; 0 for one that only
// frames others.
func hiddenByte(r rune) (b byte, hidden bool) {
	switch {
	case firstTag <= r && r <= lastTag:
		return byte(r - 0xe0000), true
	case r == cancel, r == '\U000e0001':
		return 0, true
	case firstSelector <= r && r <= lastSelector:
		return byte(r - firstSelector), true
	case firstMoreSelectors <= r && r <= lastMoreSelectors:
		return byte(r - firstMoreSelectors + 16), true
	}
	return 0, false
}
