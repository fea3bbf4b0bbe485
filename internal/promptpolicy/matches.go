package promptpolicy

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// matches reports whether a value of parsed JSON has the shape.
func (s *shape) matches(value any) bool {
	return s.own(value) && (s.values == nil || slices.Contains(s.values, value)) && s.combined(value)
}

// own compares what the shape says of values of one kind.
func (s *shape) own(value any) bool {
	switch value := value.(type) {
	case nil:
		return s.kinds&ofNull != 0
	case bool:
		return s.kinds&ofBoolean != 0
	case json.Number:
		return s.number(value)
	case string:
		return s.kinds&ofString != 0 && s.text(value)
	case []any:
		return s.kinds&ofArray != 0 && s.array(value)
	case map[string]any:
		return s.kinds&ofObject != 0 && s.object(value)
	}
	return false
}

func (s *shape) number(number json.Number) bool {
	switch s.kinds & (ofInteger | ofFraction) {
	case 0:
		return false
	case ofInteger:
		if !isInteger(number) {
			return false
		}
	}
	for i := range s.bounds {
		if b := &s.bounds[i]; !b.keeps(b.order(number)) {
			return false
		}
	}
	return true
}

func (s *shape) text(text string) bool {
	if s.minLength != nil || s.maxLength != nil {
		if !isWithin(utf8.RuneCountInString(text), s.minLength, s.maxLength) {
			return false
		}
	}
	return s.pattern == nil || s.pattern.MatchString(text)
}

func (s *shape) array(items []any) bool {
	if !isWithin(len(items), s.minItems, s.maxItems) {
		return false
	}
	for i, item := range items {
		of := s.items
		if i < len(s.first) {
			of = s.first[i]
		}
		if of != nil && !of.matches(item) {
			return false
		}
	}
	return true
}

func (s *shape) object(members map[string]any) bool {
	if !isWithin(len(members), s.minMembers, s.maxMembers) {
		return false
	}
	for _, name := range s.required {
		if _, ok := members[name]; !ok {
			return false
		}
	}
	for name, member := range members {
		of, named := s.members[name]
		if !named {
			of = s.others
		}
		if of != nil && !of.matches(member) {
			return false
		}
	}
	return true
}

func isWithin(n int, least, most *int) bool {
	return (least == nil || n >= *least) && (most == nil || n <= *most)
}

// combined compares with the shapes that apply to the same value.
func (s *shape) combined(value any) bool {
	for _, each := range s.all {
		if !each.matches(value) {
			return false
		}
	}
	if s.any != nil && !slices.ContainsFunc(s.any, func(each *shape) bool { return each.matches(value) }) {
		return false
	}
	if s.one != nil && s.matching(value) != 1 {
		return false
	}
	if s.not != nil && s.not.matches(value) {
		return false
	}
	if s.condition == nil {
		return true
	}
	then := s.instead
	if s.condition.matches(value) {
		then = s.consequence
	}
	return then == nil || then.matches(value)
}

// matching counts the shapes of one that a value has.
func (s *shape) matching(value any) (n int) {
	for _, each := range s.one {
		if each.matches(value) {
			n++
		}
	}
	return n
}
