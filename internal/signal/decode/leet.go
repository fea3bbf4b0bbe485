package decode

import "strings"

// leetLetters are the letters that digits and signs stand for. 1 may be i or l.
var leetLetters = [256]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g', '$': 's', '@': 'a', '!': 'i'}

// isLeetByte reports whether a byte may be in a word in leet.
func isLeetByte(c byte) bool { return classOf[c]&letter != 0 || leetLetters[c] != 0 }

// leetEnd returns where the word in leet that begins at a byte ends.
func leetEnd(text string, start int) int {
	end := start
	for end < len(text) && (isLeetByte(text[end]) || classOf[text[end]]&(digit|high) != 0) {
		end++
	}
	for end > start && text[end-1] == '!' { // which ends a sentence
		end--
	}
	return end
}

// isLeetSign reports whether a sign stands for a letter within a word.
func isLeetSign(text string, i int) bool {
	if leetLetters[text[i]] == 0 || i+1 == len(text) || classOf[text[i+1]]&letter == 0 {
		return false
	}
	start := i
	for start > 0 && i-start < longestLeet && isLeetByte(text[start-1]) {
		start--
	}
	near := text[:min(len(text), start+2*longestLeet)]
	return isLeet(near, start, leetEnd(near, start))
}

// longestLeet is how long a word in leet may be.
const longestLeet = 24

// isLeet reports whether a word surely has digits or signs in the places of
// letters: some stand between letters, and it reads like a word with them.
func isLeet(text string, start, end int) bool {
	inner, may, reads := leetForm(text, start, end)
	return inner && may && reads
}

// leetForm reports of a word whether a digit or sign in it stands between
// letters, whether it may be in leet at all, and whether it reads like a word.
// Formulas, SMILES, numbers with a unit, addresses and names with capitals
// inside are not in leet.
func leetForm(text string, start, end int) (inner, may, reads bool) {
	word := text[start:end]
	if len(word) < 2 || len(word) > longestLeet || touchesCode(text, start, end) {
		return false, false, false
	}
	letters, signs, last := 0, 0, -1
	for i := range len(word) {
		switch c := word[i]; {
		case classOf[c]&letter != 0:
			if last >= 0 && last < i-1 && i-last <= 3 {
				inner = true
			}
			letters, last = letters+1, i
		case leetLetters[c] != 0:
			signs++
		default:
			return false, false, false
		}
	}
	if signs == 0 || letters == 0 || oddCase(word) {
		return false, false, false
	}
	var space [longestLeet]byte
	decoded := leetWord(space[:0], word)
	if len(word) < 4 {
		return false, true, isKnown(decoded)
	}
	inner = inner || signs >= 3 && letters >= 2
	return inner, !isNumber(word) && !isFormula(word), readsLikeWord(decoded)
}

// touchesCode reports whether a word stands beside what is no part of prose.
func touchesCode(text string, start, end int) bool {
	return start > 0 && strings.IndexByte(`()[]=#@/\_{}<>-+.&%~`, text[start-1]) >= 0 ||
		end < len(text) && strings.IndexByte(`()[]=#@/\_{}<>-+&%~`, text[end]) >= 0 ||
		end+1 < len(text) && text[end] == '.' && classOf[text[end+1]]&wordPart != 0
}

// oddCase reports whether there are capitals inside a word that also has small
// letters.
func oddCase(word string) bool {
	var rest, all uint8
	for i := range len(word) {
		all |= classOf[word[i]]
		if i > 0 {
			rest |= classOf[word[i]]
		}
	}
	return rest&upper != 0 && all&lower != 0
}

// isNumber reports whether a word is a number with a unit or an ending, such as
// 100ml, 3rd or $5k.
func isNumber(word string) bool {
	digits, letters := 0, 0
	for i := range len(word) {
		switch c := word[i]; {
		case classOf[c]&letter != 0:
			letters++
		case letters > 0:
			return false
		case classOf[c]&digit != 0:
			digits++
		}
	}
	return digits >= 2 || digits == 1 && letters < 3
}

// isFormula reports whether a word is a molecular formula or a SMILES of the
// common elements.
func isFormula(word string) bool {
	counts, carbons := true, true
	for i := 0; i < len(word); i++ {
		c := word[i] &^ 0x20
		switch {
		case classOf[word[i]]&digit != 0:
			alone := classOf[word[i-min(i, 1)]]&digit == 0 && (i+1 == len(word) || classOf[word[i+1]]&digit == 0)
			if i == 0 || word[i] == '0' && classOf[word[i-1]]&digit == 0 || word[i] == '1' && alone {
				counts = false
			}
		case classOf[word[i]]&letter == 0:
			return false
		case i+1 < len(word) && isElement(word[i:i+2]):
			i++
		default:
			counts = counts && strings.IndexByte("CHNOSPFIBK", c) >= 0
			carbons = carbons && strings.IndexByte("CNOS", c) >= 0
		}
	}
	return counts || carbons
}

// isElement reports whether two letters are the sign of a common element.
func isElement(sign string) bool {
	switch strings.ToLower(sign) {
	case "cl", "br", "na", "si", "mg", "ca", "fe", "zn", "cu", "al":
		return true
	}
	return false
}

// leetWord appends a word with letters in the places of digits and signs. Where
// 1 may be i or l, a word that is known decides, or else what is likelier.
func leetWord(out []byte, word string) []byte {
	likely := appendLeet(out, word, 0)
	if isKnown(likely[len(out):]) || strings.IndexByte(word, '1') < 0 {
		return likely
	}
	var space [longestLeet]byte
	for _, one := range []byte("il") {
		if other := appendLeet(space[:0], word, one); isKnown(other) {
			return append(likely[:len(out)], other...)
		}
	}
	return likely
}

// appendLeet appends a word with one letter for 1, or the likelier one for 0.
func appendLeet(out []byte, word string, one byte) []byte {
	for i := range len(word) {
		c := word[i]
		l := leetLetters[c]
		switch {
		case l == 0:
			l = c
		case c == '1' && one != 0:
			l = one
		case c == '1':
			l = iOrL(out, word[i+1:])
		}
		out = append(out, l)
	}
	return out
}

// iOrL returns which letter stands more often between two others.
func iOrL(before []byte, after string) byte {
	var a, b uint8
	if len(before) > 0 {
		a = letterOf[before[len(before)-1]]
	}
	if after != "" {
		if b = letterOf[after[0]]; b == 0 {
			b = letterOf[leetLetters[after[0]]]
		}
	}
	score := func(l uint8) int16 { return plain[int(a)*states+int(l)] + plain[int(l)*states+int(b)] }
	if score('l'-'a'+1) > score('i'-'a'+1) {
		return 'l'
	}
	return 'i'
}

// readsLikeWord reports whether the pairs of ASCII letters in a text are those
// of a language.
func readsLikeWord(text []byte) bool {
	sum, before := 0, uint8(0)
	for _, c := range text {
		l := letterOf[c]
		sum += int(plain[int(before)*states+int(l)])
		before = l
	}
	return sum+int(plain[int(before)*states]) > len(text)*bit/4
}

// manyLeet is how many words are surely in leet in a text in which digits alone
// are words too.
const manyLeet = 2

// readLeet replaces the words in leet.
func readLeet(w *rewriter, _ survey) {
	sure := 0
	leetWords(w.text, func(start, end int) {
		if isLeet(w.text, start, end) {
			sure++
		}
	})
	leetWords(w.text, func(start, end int) {
		if !inLeet(w.text, start, end, sure) {
			return
		}
		var space [longestLeet]byte
		word := leetWord(space[:0], w.text[start:end])
		w.keep(start)
		w.out.Write(word)
		w.at.Copy(len(word))
		w.done = end
		w.used(Leet)
	})
}

// inLeet reports whether a word is to be read in leet, in a text with a number
// of words that surely are. With many of them, everything is that can be.
func inLeet(text string, start, end, sure int) bool {
	if sure < manyLeet {
		_, may, reads := leetForm(text, start, end)
		return may && reads
	}
	word := text[start:end]
	if _, may, reads := leetForm(word, 0, len(word)); may && (reads || len(word) > 3) {
		return true
	}
	var space [longestLeet]byte
	return len(word) <= 3 && standsAlone(text, start, end) && isKnown(leetWord(space[:0], word))
}

// leetWords visits what may be a word in leet.
func leetWords(text string, visit func(start, end int)) {
	for i := 0; i < len(text); {
		end := leetEnd(text, i)
		if end > i {
			visit(i, end)
		}
		i = max(end, i+1)
	}
}

// standsAlone reports whether a word stands between spaces.
func standsAlone(text string, start, end int) bool {
	return (start == 0 || text[start-1] == ' ') && (end == len(text) || strings.IndexByte(" ,.!?", text[end]) >= 0)
}
