package structure

import "strings"

// elements are the symbols of all elements, with spaces around.
const elements = " H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr " +
	"Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu " +
	"Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr " +
	"Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og D T "

// isElement reports whether a symbol is that of an element, or of an isotope of
// hydrogen.
func isElement(symbol string) bool { return strings.Contains(elements, " "+symbol+" ") }

// maxCharge bounds charges, and hydrogens of one atom.
const maxCharge = 99

// bracket reads an atom in brackets: [13C@@H2+:1].
func (r *reader) bracket() bool {
	end := strings.IndexByte(r.text[r.at:], ']')
	if end < 0 {
		return false
	}
	inside := r.text[r.at+1 : r.at+end]
	r.at += end + 1
	a := atom{bracket: true}
	inside = strings.TrimLeft(inside, "0123456789")
	symbol, aromatic := symbolOf(inside)
	if symbol == "" {
		return false
	}
	inside = inside[len(symbol):]
	if a.element, a.aromatic = symbol, aromatic; aromatic {
		a.element = strings.ToUpper(symbol[:1]) + symbol[1:]
	}
	inside = skipChirality(inside)
	if rest, found := strings.CutPrefix(inside, "H"); found {
		a.hydrogens, inside = leading(rest, 1)
	}
	if a.charge, inside = charge(inside); inside != "" && inside[0] != ':' {
		return false
	}
	if a.element == "D" || a.element == "T" {
		a.element = "H"
	}
	return r.add(a)
}

// symbolOf returns the symbol of an element that a text begins with.
func symbolOf(text string) (symbol string, aromatic bool) {
	for size := min(2, len(text)); size > 0; size-- {
		if isElement(text[:size]) {
			return text[:size], false
		}
	}
	for _, symbol := range []string{"se", "as", "te", "si", "b", "c", "n", "o", "p", "s"} {
		if strings.HasPrefix(text, symbol) {
			return symbol, true
		}
	}
	return "", false
}

// skipChirality passes over @, @@, @TH1, @AL2, @SP3 and so on.
func skipChirality(text string) string {
	text, found := strings.CutPrefix(text, "@")
	if !found {
		return text
	}
	text = strings.TrimPrefix(text, "@")
	for _, class := range []string{"TH", "AL", "SP", "TB", "OH"} {
		if rest, found := strings.CutPrefix(text, class); found && rest != "" && isDigit(rest[0]) {
			return strings.TrimLeft(rest, "0123456789")
		}
	}
	return text
}

// charge reads +, --, +2 or nothing.
func charge(text string) (charge int, rest string) {
	if text == "" || text[0] != '+' && text[0] != '-' {
		return 0, text
	}
	sign := text[:1]
	rest = strings.TrimLeft(text, sign)
	charge = min(len(text)-len(rest), maxCharge)
	if charge == 1 {
		charge, rest = leading(rest, 1)
	}
	if sign == "-" {
		charge = -charge
	}
	return charge, rest
}

// leading reads a number, or returns otherwise if there is none. It stops
// counting at maxCharge.
func leading(text string, otherwise int) (number int, rest string) {
	rest = strings.TrimLeft(text, "0123456789")
	digits := text[:len(text)-len(rest)]
	if digits == "" {
		return otherwise, rest
	}
	for _, c := range []byte(digits) {
		number = min(number*10+int(c-'0'), maxCharge)
	}
	return number, rest
}
