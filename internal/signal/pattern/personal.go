package pattern

import "strings"

// email looks at an at sign.
func (s *scanner) email(i int) int {
	start := i
	for start > 0 && i-start < 64 && (isWord(s.text[start-1]) || strings.IndexByte(".+-%", s.text[start-1]) >= 0) {
		start--
	}
	end, dot := i+1, -1
	for end < len(s.text) && end-i < 254 && (isAlnum(s.text[end]) || s.text[end] == '-' || s.text[end] == '.' && isAlnum(s.byteAt(end+1))) {
		if s.text[end] == '.' {
			dot = end
		}
		end++
	}
	if start == i || dot < i+2 || end-dot < 3 || !isLetter(s.text[end-1]) || !isLetter(s.text[dot+1]) {
		return i
	}
	s.add(Email, start, end)
	return end
}

// digits are the digits of a number that is written in groups.
type digits struct {
	start, end int
	value      [24]byte
	n          int
	groups     [8]uint8 // their lengths
	count      int
	by         byte // between groups, if it is always the same
}

// readDigits reads a number in groups with one sign between each two.
func (s *scanner) readDigits(i int) digits {
	d := digits{start: i, end: i}
	for d.count < len(d.groups) {
		first := i
		for i < len(s.text) && isDigit(s.text[i]) && d.n < len(d.value) {
			d.value[d.n] = s.text[i]
			d.n++
			i++
		}
		if i == first {
			break
		}
		d.groups[d.count] = uint8(i - first)
		d.count++
		d.end = i
		c := s.byteAt(i)
		if !strings.ContainsRune(" -.)", rune(c)) || !isDigit(s.byteAt(i+1)) && c != ')' {
			break
		}
		switch {
		case d.count == 1:
			d.by = c
		case d.by != c:
			d.by = 0
		}
		i++
		if c == ')' && s.byteAt(i) == ' ' {
			i++
		}
	}
	return d
}

// number looks at a digit at which a number begins.
func (s *scanner) number(i int) int {
	if isWord(s.byteAt(i-1)) || s.byteAt(i-1) == '.' && isDigit(s.byteAt(i-2)) {
		return s.wordEnd(i)
	}
	if to := s.cas(i); to > i {
		return to
	}
	if to := s.ipv4(i); to > i {
		return to
	}
	d := s.readDigits(i)
	if d.n < 5 || isWord(s.byteAt(d.end)) {
		return max(s.ipv6(i), s.systematic(i), i)
	}
	switch {
	case d.isCard():
		s.add(Card, d.start, d.end)
	case s.byteAt(i-1) == '(' && d.isPhone(true):
		s.add(Phone, d.start-1, d.end)
	case d.isPhone(false) && (s.byteAt(i-1) != ' ' || !isDigit(s.byteAt(i-2))):
		s.add(Phone, d.start, d.end)
	case s.isZIP(d):
		s.add(Post, d.start-len("IL "), d.end)
	default:
		return max(s.ipv6(i), i)
	}
	return d.end
}

// isCard reports whether digits are those of a payment card: their number, how
// they are grouped, the first of them and the check digit (ISO/IEC 7812).
func (d *digits) isCard() bool {
	if d.n < 13 || d.n > 19 || d.by != 0 && d.by != ' ' && d.by != '-' || d.value[0] < '2' || d.value[0] > '6' {
		return false
	}
	for i := range max(d.count-1, 0) {
		if d.groups[i] < 4 {
			return false
		}
	}
	sum := 0
	for i := range d.n {
		v := int(d.value[d.n-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// isPhone reports whether digits without a country are grouped as those of a
// telephone: 555-123-4567, (555) 123-4567, 06 12 34 56 78, 030 1234567.
func (d *digits) isPhone(bracket bool) bool {
	g := d.groups
	switch {
	case d.count == 3 && g[0] == 3 && g[1] == 3 && g[2] == 4:
		return d.by == '-' || d.by == '.' || bracket || d.by == ' '
	case d.count == 5 && g[0] == 2 && d.value[0] == '0':
		return g[1] == 2 && g[2] == 2 && g[3] == 2 && g[4] == 2
	case d.value[0] == '0' && d.value[1] != '0' && d.count >= 2 && d.count <= 4 && d.by != '.':
		return d.n >= 9 && d.n <= 12 && g[0] >= 3 && g[0] <= 5
	}
	return false
}

// phone looks at a plus before a number with its country.
func (s *scanner) phone(i int) int {
	if isAlnum(s.byteAt(i-1)) || !isDigit(s.byteAt(i+1)) || s.text[i+1] == '0' {
		return i
	}
	n, end := 0, i+1
	for j := i + 1; j < len(s.text) && j-i < 24; j++ {
		c := s.text[j]
		if isDigit(c) {
			n++
			end = j + 1
		} else if strings.IndexByte(" -./()", c) < 0 || !isDigit(s.byteAt(j+1)) && s.byteAt(j+1) != '(' && c != ')' && s.byteAt(j+1) != ' ' {
			break
		}
	}
	if n < 9 || n > 15 || isWord(s.byteAt(end)) {
		return i
	}
	s.add(Phone, i, end)
	return end
}

// states are those of the United States, two letters each.
const states = "ALAKAZARCACOCTDEFLGAHIIDILINIAKSKYLAMEMDMAMIMNMSMOMTNENVNHNJNMNYNCNDOHOKORPARISCSDTNTXUTVTVAWAWVWIWYDC"

// isZIP reports whether a number stands behind a comma and a state, as at the
// end of an address in the United States.
func (s *scanner) isZIP(d digits) bool {
	at := d.start - len("IL ")
	if d.groups[0] != 5 || d.count > 2 || d.count == 2 && (d.groups[1] != 4 || d.by != '-') || at < 2 || s.text[at-1] != ' ' || s.text[at-2] != ',' {
		return false
	}
	state := strings.Index(states, s.text[at:at+2])
	return s.text[at+2] == ' ' && state >= 0 && state%2 == 0
}

// postcode looks at a postcode of the United Kingdom, such as SW1A 1AA.
func (s *scanner) postcode(i, end int) int {
	n := end - i
	if n < 2 || n > 4 || s.byteAt(end) != ' ' || !isDigit(s.byteAt(end+1)) || !isUpper(s.byteAt(end+2)) || !isUpper(s.byteAt(end+3)) || isAlnum(s.byteAt(end+4)) {
		return i
	}
	letters := 1
	if isUpper(s.text[i+1]) {
		letters = 2
	}
	if !isUpper(s.text[i]) || letters == n || !isDigit(s.text[i+letters]) || n > letters+2 || isLower(s.text[end-1]) {
		return i
	}
	s.add(Post, i, end+4)
	return end + 4
}

// iban looks at two capitals and two digits.
func (s *scanner) iban(i int) int {
	if !isUpper(s.byteAt(i+1)) || !isDigit(s.byteAt(i+2)) || !isDigit(s.byteAt(i+3)) {
		return i
	}
	var value [34]byte
	n, end := 0, i
	for j := i; j < len(s.text) && n < len(value); j++ {
		c := s.text[j]
		if isUpper(c) || isDigit(c) {
			value[n] = c
			n++
			end = j + 1
		} else if c != ' ' || n%4 != 0 || !isUpper(s.byteAt(j+1)) && !isDigit(s.byteAt(j+1)) {
			break
		}
		if n >= 15 && !isAlnum(s.byteAt(end)) && ibanChecks(value[:n]) {
			s.add(IBAN, i, end)
			return end
		}
	}
	return i
}

// ibanChecks reports whether the check digits of ISO 13616 are right.
func ibanChecks(value []byte) bool {
	rest := 0
	for i := range value {
		c := value[(i+4)%len(value)]
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}

// ipv4 looks at four numbers with dots.
func (s *scanner) ipv4(i int) int {
	end := i
	for part := range 4 {
		if part > 0 {
			if s.byteAt(end) != '.' {
				return i
			}
			end++
		}
		value, first := 0, end
		for end < len(s.text) && isDigit(s.text[end]) && end-first < 4 {
			value = value*10 + int(s.text[end]-'0')
			end++
		}
		if end == first || value > 255 || end-first > 1 && s.text[first] == '0' {
			return i
		}
	}
	if isWord(s.byteAt(end)) || s.byteAt(end) == '.' && isDigit(s.byteAt(end+1)) || s.byteAt(i-1) == '-' {
		return i
	}
	s.add(IP, i, end)
	return end
}

// ipv6 looks at groups of hex digits with colons: at least four of them, or two
// colons in a row.
func (s *scanner) ipv6(i int) int {
	end, groups, gap := i, 0, false
	for groups <= 8 {
		first := end
		for end < len(s.text) && end-first < 5 && (isDigit(s.text[end]) || 'a' <= s.text[end]|0x20 && s.text[end]|0x20 <= 'f') {
			end++
		}
		if end-first > 4 {
			return i
		}
		if end > first {
			groups++
		}
		if s.byteAt(end) != ':' {
			break
		}
		if s.byteAt(end+1) == ':' {
			if gap {
				return i
			}
			gap = true
			end++
		}
		end++
	}
	if groups > 8 || groups < 8 && !gap || groups < 2 || isWord(s.byteAt(end)) || s.text[end-1] == ':' && !gap {
		return i
	}
	s.add(IP, i, end)
	return end
}
