package hazard

import "strings"

// ValidCAS reports whether a text has the form of a number in the registry of
// Chemical Abstracts, such as 107-44-8, and its check digit.
func ValidCAS(number string) bool {
	head, rest, found := strings.Cut(number, "-")
	middle, check, more := strings.Cut(rest, "-")
	if !found || !more || len(head) < 2 || len(head) > 7 || head[0] == '0' || len(middle) != 2 || len(check) != 1 {
		return false
	}
	digits := head + middle
	sum := 0
	for i := range len(digits) {
		c := digits[len(digits)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		sum += (i + 1) * int(c-'0')
	}
	return int(check[0]) == '0'+sum%10
}

// trimCAS takes off the zeros that some write before a number.
func trimCAS(number string) string { return strings.TrimLeft(number, "0") }
