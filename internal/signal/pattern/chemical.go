package pattern

import (
	"math/bits"
	"strings"
)

// cas looks at a number of the Chemical Abstracts Service.
func (s *scanner) cas(i int) int {
	end := readCAS(s.text, i)
	if end == i || isAlnum(s.byteAt(end)) || s.byteAt(end) == '-' && isAlnum(s.byteAt(end+1)) || s.byteAt(i-1) == '-' {
		return i
	}
	s.add(CAS, i, end)
	return end
}

// readCAS returns where a number ends that begins at a byte and has the form of
// those of the Chemical Abstracts Service: two to seven digits, two, and a
// check digit that is right; i if there is none.
func readCAS(text string, i int) int {
	first := i
	for first < len(text) && first-i < 8 && isDigit(text[first]) {
		first++
	}
	n := first - i
	end := first + len("-00-0")
	if n < 2 || n > 7 || end > len(text) || text[i] == '0' || text[first] != '-' || text[first+3] != '-' {
		return i
	}
	sum, weight := 0, 1
	for j := first + 2; j >= i; j-- {
		if j == first {
			continue
		}
		if !isDigit(text[j]) {
			return i
		}
		sum += weight * int(text[j]-'0')
		weight++
	}
	if sum%10 != int(text[end-1])-'0' {
		return i
	}
	return end
}

// chemical looks at a letter or bracket at which an identifier of a chemical
// may begin.
func (s *scanner) chemical(i int) int {
	if before := s.byteAt(i - 1); isWord(before) || before == '-' || before == '.' {
		return i
	}
	c := s.text[i]
	switch {
	case c == 'I' && s.hasAt(i, "InChI"):
		return s.inchi(i)
	case s.token > i:
		return i
	}
	if isUpper(c) {
		if to := s.inchiKey(i); to > i {
			s.add(InChIKey, i, to)
			return to
		}
		if i >= s.formulas {
			if to := s.formula(i); to > i {
				s.add(Formula, i, to)
				return to
			}
		}
	}
	if smilesStart[c] && (c == '[' || mayFollow[s.byteAt(i+1)]) {
		if to := s.smiles(i); to > i {
			s.add(SMILES, i, to)
			return to
		}
	}
	return i
}

// inchi looks at "InChI=1" or "InChIKey=".
func (s *scanner) inchi(i int) int {
	if key := i + len("InChIKey="); strings.HasPrefix(s.text[i:], "InChIKey=") {
		to := s.inchiKey(key)
		if to > key {
			s.add(InChIKey, key, to)
		}
		return max(to, i)
	}
	if !strings.HasPrefix(s.text[i:], "InChI=1") {
		return i
	}
	end := i + len("InChI=1")
	for end < len(s.text) && (isAlnum(s.text[end]) || strings.IndexByte("/.,()-+?*;", s.text[end]) >= 0) {
		end++
	}
	for strings.IndexByte(".,;?", s.text[end-1]) >= 0 {
		end--
	}
	if strings.IndexByte(s.text[i:end], '/') < 0 {
		return i
	}
	s.add(InChI, i, end)
	return end
}

// inchiKey reads 14, 10 and 1 capitals with hyphens between.
func (s *scanner) inchiKey(i int) int {
	const length = len("AAAAAAAAAAAAAA-BBBBBBBBBB-N")
	if i+length > len(s.text) || s.text[i+14] != '-' || s.text[i+25] != '-' || isAlnum(s.byteAt(i+length)) {
		return i
	}
	for j := i; j < i+length; j++ {
		if j != i+14 && j != i+25 && !isUpper(s.text[j]) {
			return i
		}
	}
	return i + length
}

// elements are the signs of the elements, each with a space behind.
const elements = "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm "

// isElement holds the signs of one or two letters.
var isElement = func() (table [1 << 16]bool) {
	for sign := range strings.FieldsSeq(elements) {
		key := int(sign[0]) << 8
		if len(sign) > 1 {
			key |= int(sign[1])
		}
		table[key] = true
	}
	return table
}()

// elementAt returns how long the sign of an element is that is at a byte.
func (s *scanner) elementAt(i int) int {
	c := int(s.byteAt(i)) << 8
	if next := s.byteAt(i + 1); isLower(next) && isElement[c|int(next)] {
		return 2
	}
	if isElement[c] && !isLower(s.byteAt(i+1)) {
		return 1
	}
	return 0
}

// parts is what a formula consists of.
type parts struct {
	seen             uint64 // about which elements, one bit each
	counted, long    int    // how many counts, and signs of two letters
	carbon, hydrogen int    // how many atoms
}

// formula looks at a molecular formula: at least two elements with a count,
// which no product has for its name. Formulas whose signs are all of one letter
// need carbon and hydrogen, or be well known.
func (s *scanner) formula(i int) int {
	end, depth := i, 0
	var p parts
	for next := i; next >= 0; {
		end = next
		switch c := s.byteAt(end); {
		case c == '(' && isUpper(s.byteAt(end+1)) && end > i:
			depth++
			next = end + 1
		case c == ')' && depth > 0:
			depth--
			next = s.count(end+1, &p, 0)
		default:
			next = s.element(end, &p)
		}
		if next == end {
			break
		}
	}
	s.formulas = end
	if depth != 0 || bits.OnesCount64(p.seen) < 2 || !s.endsFormula(end) || !p.plausible(s.text[i:end]) {
		return i
	}
	return end
}

// endsFormula reports whether what follows a formula does not make it a part of
// something else.
func (s *scanner) endsFormula(end int) bool {
	c := s.byteAt(end)
	return !isWord(c) && (c == 0 || strings.IndexByte("=#[(@/\\", c) < 0) && (c != '-' || !isAlnum(s.byteAt(end+1)))
}

// element reads the sign of an element and how many atoms there are, and
// returns where they end; -1 if the number is none of a formula.
func (s *scanner) element(i int, p *parts) int {
	n := s.elementAt(i)
	if n == 0 {
		return i
	}
	sign := s.text[i]
	if n == 2 {
		p.long++
		p.seen |= 1 << (32 + s.text[i+1]&31)
		sign = 0
	} else {
		p.seen |= 1 << (sign & 31)
	}
	return s.count(i+n, p, sign)
}

// count reads how many atoms there are; -1 if the number is none of a formula.
func (s *scanner) count(i int, p *parts, sign byte) int {
	first, n := i, 0
	for i < len(s.text) && isDigit(s.text[i]) && i-first < 4 {
		n = n*10 + int(s.text[i]-'0')
		i++
	}
	switch {
	case i == first:
		n = 1
	case n < 2 || i-first > 3 || s.text[first] == '0':
		return -1
	default:
		p.counted++
	}
	switch sign {
	case 'C':
		p.carbon += n
	case 'H':
		p.hydrogen += n
	}
	return i
}

// plausible reports whether a formula is one, and not the name of a product.
func (p parts) plausible(formula string) bool {
	switch formula {
	case "H2O", "H2O2", "CO2", "NO2", "N2O", "N2O4", "SO2", "SO3", "H2S", "NH3", "H2SO4", "H2SO3", "HNO3", "HNO2", "H3PO4", "P2O5", "CS2", "SF6", "UF6", "BF3", "NF3", "PH3", "B2H6", "KNO3", "KNO2", "HClO4", "H2CO3", "K2CO3", "K2SO4", "N2H4", "HN3", "WF6", "P4O10", "H3BO3", "HO2", "PO4", "SO4", "CO3":
		return true
	}
	if p.counted == 0 {
		return false
	}
	if p.carbon > 0 && p.hydrogen > 1 {
		return p.hydrogen <= 2*p.carbon+8 && p.carbon < 200
	}
	return p.long > 0 && p.counted > 0 && (bits.OnesCount64(p.seen) > 2 || len(formula) > 3)
}

// systematic looks at a locant in the name of a chemical, such as 2,4- or N,N-
// or (2E,6Z)-, or the hyphen behind it, and takes the whole name.
func (s *scanner) systematic(i int) int {
	if i < s.token {
		return i
	}
	start, end := i, i
	for start > 0 && isNamePart(s.text[start-1]) {
		start--
	}
	for end < len(s.text) && isNamePart(s.text[end]) {
		end++
	}
	s.token = end
	for start < end && strings.IndexByte("),-'.]", s.text[start]) >= 0 {
		start++
	}
	for end > start && strings.IndexByte("(,-'.[+", s.text[end-1]) >= 0 {
		end--
	}
	if !isSystematic(s.text[start:end]) {
		return i
	}
	s.add(SystematicName, start, end)
	return end
}

func isNamePart(c byte) bool {
	return isAlnum(c) || c != 0 && strings.IndexByte("-,()[]'+.", c) >= 0
}

// isSystematic reports whether a name has a locant and parts of which names of
// chemicals consist.
func isSystematic(name string) bool {
	locant, run, found := false, 0, 0
	for i := range len(name) {
		c := name[i]
		if c == '-' && i > 0 && i+1 < len(name) && (isLetter(name[i+1]) || name[i+1] == '(' || name[i+1] == '[') {
			before := name[i-1]
			locant = locant || isDigit(before) || before == ')' || before == ']' || strings.IndexByte("NOSPEZRnospmt", before) >= 0 && (i == 1 || !isLetter(name[i-2])) || before == '\''
		}
		if isLetter(c) {
			run++
			continue
		}
		found += morphemes(name[i-run : i])
		run = 0
	}
	found += morphemes(name[len(name)-run:])
	return locant && found > 0
}

// stems are parts of the names of chemicals that no other words have in that
// place.
var stems = []string{
	"methyl", "ethyl", "propyl", "butyl", "pentyl", "hexyl", "heptyl", "octyl", "nonyl", "decyl", "phenyl", "benzyl", "allyl", "vinyl", "acetyl", "benzo", "benz", "hydroxy", "methoxy", "ethoxy", "propoxy", "butoxy", "phenoxy", "epoxy", "amino", "nitro", "chloro", "bromo", "fluoro", "iodo", "cyano", "oxo", "hydro", "cyclo", "thio", "mercapto", "carb", "meth", "eth", "prop", "but", "pent", "hex", "hept", "oct", "non", "dec", "undec", "dodec", "ylid", "naphth", "pyr", "furan", "thiaz", "oxol", "diox", "indol", "quinol", "isoprop", "sulf", "phosph", "bor", "sil", "toluid", "tolu", "xyl", "cresol", "phenol", "anisol", "ionone", "menth", "bornan", "terpin",
}

// endings are how the names of chemicals end.
var endings = []string{
	"ane", "ene", "yne", "ol", "al", "one", "ate", "ite", "ide", "ine", "yl", "oic", "thiol", "amine", "amide", "nitrile", "oxide", "ether", "ester", "acid", "lactone", "furan", "pyran", "diol", "triol", "dione", "dial", "diene", "triene", "oxy", "oyl", "anal", "enal", "enol", "enone", "anone", "anol", "olide", "osane", "idine", "azole", "azine", "toluene", "benzene", "phenol", "aldehyde", "ylidene", "ium", "an", "en", "in", "o", "a",
}

// morphemes reports whether a word, of at least three letters, is made as the
// names of chemicals are: a stem and an ending.
func morphemes(word string) int {
	if len(word) < 3 {
		return 0
	}
	for _, stem := range stems {
		at := indexFold(word, stem)
		if at < 0 {
			continue
		}
		rest := word[at+len(stem):]
		if rest == "" && len(stem) > 4 {
			return 1
		}
		for _, ending := range endings {
			if len(rest) >= len(ending) && strings.EqualFold(rest[len(rest)-len(ending):], ending) {
				return 1
			}
		}
	}
	return 0
}

// indexFold is strings.Index for ASCII in any case.
func indexFold(text, word string) int {
	for i := 0; i+len(word) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
