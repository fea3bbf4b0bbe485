package pattern

import "strings"

// tokenForm is how a service writes its tokens.
type tokenForm struct {
	prefix string
	kind   Kind
	least  int    // how many characters follow at least
	also   string // characters beside letters and digits
}

var tokenForms = []tokenForm{
	{"AKIA", AWSKey, 16, ""}, {"ASIA", AWSKey, 16, ""},
	{"ghp_", GitHubToken, 30, ""}, {"gho_", GitHubToken, 30, ""}, {"ghu_", GitHubToken, 30, ""}, {"ghs_", GitHubToken, 30, ""}, {"ghr_", GitHubToken, 30, ""},
	{"github_pat_", GitHubToken, 22, "_"},
	{"sk-", ModelKey, 20, "-_"},
	{"xoxb-", SlackToken, 10, "-"}, {"xoxp-", SlackToken, 10, "-"}, {"xoxa-", SlackToken, 10, "-"}, {"xoxr-", SlackToken, 10, "-"}, {"xoxs-", SlackToken, 10, "-"}, {"xapp-", SlackToken, 10, "-"},
	{"AIza", GoogleKey, 35, "-_"}, {"ya29.", GoogleKey, 20, "-_"},
	{"sk_live_", OtherToken, 16, ""}, {"rk_live_", OtherToken, 16, ""}, {"sk_test_", OtherToken, 16, ""}, {"glpat-", OtherToken, 20, "-_"}, {"npm_", OtherToken, 30, ""}, {"hf_", OtherToken, 30, ""}, {"SG.", OtherToken, 40, "-_."},
	{"eyJ", JWT, 20, "-_."},
}

// tokenStarts holds the first two letters of each form.
var tokenStarts = func() (table [1 << 16]bool) {
	for _, form := range tokenForms {
		table[int(form.prefix[0])<<8|int(form.prefix[1])] = true
	}
	return table
}()

// secret looks at a word at which a token may begin.
func (s *scanner) secret(i int) int {
	if !tokenStarts[int(s.text[i])<<8|int(s.byteAt(i+1))] {
		return i
	}
	for _, form := range tokenForms {
		if !strings.HasPrefix(s.text[i:], form.prefix) {
			continue
		}
		start := i + len(form.prefix)
		end, digits, dots := start, 0, 0
		for end < len(s.text) && (isAlnum(s.text[end]) || strings.IndexByte(form.also, s.text[end]) >= 0) {
			if isDigit(s.text[end]) {
				digits++
			}
			if s.text[end] == '.' {
				dots++
			}
			end++
		}
		if end-start < form.least || digits == 0 && dots == 0 || form.kind == JWT && (dots < 1 || dots > 4) {
			continue
		}
		s.add(form.kind, i, end)
		return end
	}
	return i
}

// privateKey looks at the dashes before "BEGIN … PRIVATE KEY".
func (s *scanner) privateKey(i int) int {
	const begin, key = "-----BEGIN ", "PRIVATE KEY"
	if !s.hasAt(i, begin) {
		return i
	}
	n := strings.Index(s.within(i, 64), key)
	if n < 0 {
		return i
	}
	end := i + n + len(key)
	if n := strings.Index(s.text[end:], key); n >= 0 {
		end += n + len(key)
	}
	end = s.while(end, "-")
	s.add(PrivateKey, i, end)
	return end
}

// password looks behind a word such as password for its value. Behind a colon,
// which prose has, the value must not be a word.
func (s *scanner) password(start, end int) int {
	i := s.while(end, " \"'")
	c := s.byteAt(i)
	if c != '=' && c != ':' || i-end > 2 {
		return start
	}
	i = s.while(i+1, "=> \"'")
	to, odd := i, false
	for to < len(s.text) && !isSpace(s.text[to]) && strings.IndexByte("\"',;&<>", s.text[to]) < 0 {
		odd = odd || !isLetter(s.text[to]) && s.text[to] != '.'
		to++
	}
	if to-i < 4 || to-i < 6 && c == ':' || c == ':' && !odd || s.hasAt(i, "{{") || s.hasAt(i, "${") {
		return start
	}
	s.add(Password, start, to)
	return to
}

// bearer looks behind Authorization for what it carries.
func (s *scanner) bearer(start, end int) int {
	i := s.while(end, ": \"'")
	to := s.anyWordAt(i, "bearer", "basic", "token")
	if i == end || to == i {
		return start
	}
	value := s.spaces(to)
	last := value
	for last < len(s.text) && (isWord(s.text[last]) || strings.IndexByte("-.=+/~", s.text[last]) >= 0) {
		last++
	}
	if last-value < 8 {
		return start
	}
	s.add(Password, start, last)
	return last
}
