package pattern

import "strings"

// template looks at what a template engine, or a logger, would evaluate.
func (s *scanner) template(i int) int {
	var closing string
	open := 2
	switch two := s.within(i, 2); {
	case two == "{{":
		closing = "}}"
	case two == "{%":
		closing = "%}"
	case two == "{#":
		closing = "#}"
	case two == "${", two == "#{", two == "*{", two == "@{", two == "~{":
		closing = "}"
	case two == "<%":
		closing = "%>"
	case two == "[[":
		if c := s.byteAt(i + 2); c != '$' && c != '#' && c != '*' && c != '@' {
			if s.byteAt(i+2) == ' ' || !isDigit(c) {
				return i
			}
		}
		closing = "]]"
	case s.hasAt(i, "[inst]"), s.hasAt(i, "[/inst]"):
		end := i + strings.IndexByte(s.text[i:], ']') + 1
		s.add(ChatMark, i, end)
		return end
	case s.text[i] == '#' && s.directive(i+1):
		closing, open = ")", 1
	case s.hasAt(i, "{php}"), s.hasAt(i, "{if "), s.hasAt(i, "{system("), s.hasAt(i, "{self::"), s.hasAt(i, "{$smarty"), s.hasAt(i, "{literal}"):
		closing, open = "}", 1
	case s.hasAt(i, "$class."), s.hasAt(i, "$request."), s.hasAt(i, "$response."):
		s.add(Template, i, i+7)
		return i + 7
	default:
		return i
	}
	n := strings.Index(s.within(i+open, 400), closing)
	end := i + open + n + len(closing)
	if n < 0 {
		if !s.hasAt(i, "${jndi") && !s.hasAt(i, "${") && !s.hasAt(i, "<%") {
			return i
		}
		end = min(i+open+4, len(s.text))
	}
	if n == 0 || s.hasAt(i, "{#") && !s.hasAt(i, "{# ") || s.hasAt(i, "[[") && n > 120 {
		return i
	}
	s.add(Template, i, end)
	return i + open
}

// directive reports whether a directive of Velocity, such as #set(, is at a
// byte.
func (s *scanner) directive(i int) bool {
	to := s.anyWordAt(i, "set", "if", "foreach", "include", "parse", "evaluate", "macro", "define")
	return to > i && s.byteAt(s.spaces(to)) == '('
}
