package pattern

import (
	"strings"

	"github.com/odordiff/odordiff/internal/signal/ascii"
)

// keyword is how a word of a language of code is looked at.
type keyword uint8

const (
	lookTautology keyword = iota + 1
	lookLike
	lookUnion
	lookSelects
	lookDefinition
	lookChange
	lookExecute
	lookOrderBy
	lookSqlCall
	lookSqlName
	lookScheme
	lookObject
	lookScriptCall
	lookAttribute
	lookWithArguments
	lookSystemCall
	lookAddress
	lookLookUp
	lookFileName
	lookPassword
	lookAssigned
	lookBearer
)

// look looks at a keyword, and returns where what it found ends; start if it is
// nothing. (A table of functions would make every scanner escape to the heap.)
func (s *scanner) look(at keyword, start, end int) int {
	switch at {
	case lookTautology:
		return s.tautology(start, end)
	case lookLike:
		return s.like(start, end)
	case lookUnion:
		return s.union(start, end)
	case lookSelects:
		return s.selects(start, end)
	case lookDefinition:
		return s.definition(start, end)
	case lookChange:
		return s.change(start, end)
	case lookExecute:
		return s.execute(start, end)
	case lookOrderBy:
		return s.orderBy(start, end)
	case lookSqlCall:
		return s.sqlCall(start, end)
	case lookSqlName:
		return s.sqlName(start, end)
	case lookScheme:
		return s.scheme(start, end)
	case lookObject:
		return s.object(start, end)
	case lookScriptCall:
		return s.scriptCall(start, end)
	case lookAttribute:
		return s.attribute(start, end)
	case lookWithArguments:
		return s.withArguments(start, end)
	case lookSystemCall:
		return s.systemCall(start, end)
	case lookAddress:
		return s.address(start, end)
	case lookLookUp:
		return s.lookUp(start, end)
	case lookFileName:
		return s.fileName(start)
	case lookPassword:
		return s.password(start, end)
	case lookAssigned:
		return s.assigned(start, end)
	case lookBearer:
		return s.bearer(start, end)
	}
	return start
}

// keywords are the words at which code may begin, in lower case.
var keywords = map[string]keyword{}

// longestKeyword is how long they may be.
const longestKeyword = 24

// keywordShapes holds the first two, the last letter and the length of each:
// few words of prose get so far. They are bits, to leave caches to others.
var keywordShapes = func() (table [1 << 15 / 64]uint64) {
	for _, set := range []map[string]keyword{sqlWords, scriptWords, shellWords, pathWords, secretWords} {
		for word, look := range set {
			if keywords[word] != 0 {
				panic("two sets look at " + word)
			}
			keywords[word] = look
			at := shape(word)
			table[at/64] |= 1 << (at % 64)
		}
	}
	return table
}()

// shape returns a number that is the same for both cases of a letter.
func shape(word string) uint32 {
	letters := uint32(word[0]&31)<<15 | uint32(word[1]&31)<<10 | uint32(word[len(word)-1]&31)<<5
	return (letters | uint32(len(word)&31)) * 2654435761 >> (32 - 15)
}

// mayBeKeyword reports whether a word has the shape of a keyword.
func mayBeKeyword(word string) bool {
	if len(word) < 2 || len(word) > longestKeyword {
		return false
	}
	at := shape(word)
	return keywordShapes[at/64]>>(at%64)&1 != 0
}

// proseEnds holds what may stand behind a word of prose. None of it goes on
// with a name, a token, an identifier of a chemical or an address.
var proseEnds = func() (table [256]bool) {
	for _, c := range []byte(" \t\n\r,;!?\"") {
		table[c] = true
	}
	return table
}()

// ordinary returns where a word of small letters ends that can be nothing else;
// i if it may. Most words of most texts are such, and need no closer look.
func (s *scanner) ordinary(i int) int {
	if isWord(s.byteAt(i - 1)) {
		return i
	}
	end := ascii.SmallEnd(s.text, i)
	word := s.text[i:end]
	if end < len(s.text) && !proseEnds[s.text[end]] || mayBeKeyword(word) || strings.HasPrefix(word, "on") {
		return i
	}
	return end
}

// secretWords are what passwords are written behind.
var secretWords = map[string]keyword{
	"password": lookPassword, "passwd": lookPassword, "pwd": lookPassword, "passphrase": lookPassword,
	"secret": lookAssigned, "token": lookAssigned, "apikey": lookPassword, "api_key": lookPassword, "access_token": lookPassword,
	"secret_key": lookPassword, "access_key": lookPassword, "client_secret": lookPassword, "aws_secret_access_key": lookPassword,
	"authorization": lookBearer,
}

// assigned is password for words that prose has before a colon.
func (s *scanner) assigned(start, end int) int {
	if s.byteAt(end) != '=' && s.byteAt(end+1) != '=' {
		return start
	}
	return s.password(start, end)
}

// letter looks at a letter, and returns from where to go on.
func (s *scanner) letter(i int) int {
	if to := s.chemical(i); to > i {
		return to
	}
	return s.word(i)
}

// word looks at a letter at which a word begins, and returns from where to go
// on.
func (s *scanner) word(i int) int {
	if isWord(s.byteAt(i - 1)) {
		return s.wordEnd(i)
	}
	if to := max(s.secret(i), s.iban(i)); to > i {
		return to
	}
	end := s.nameEnd(i)
	n := end - i
	if mayBeKeyword(s.text[i:end]) {
		var space [longestKeyword]byte
		for j := range n {
			c := s.text[i+j]
			if isUpper(c) {
				c |= 0x20
			}
			space[j] = c
		}
		if to := s.look(keywords[string(space[:n])], i, end); to > i {
			return to
		}
	}
	if n > 4 && s.text[i]|0x20 == 'o' && s.text[i+1]|0x20 == 'n' {
		if to := s.handler(i, end); to > i {
			return to
		}
	}
	switch s.byteAt(end) {
	case ':':
		if n <= 4 {
			return max(s.ipv6(i), end)
		}
	case ' ':
		return max(s.postcode(i, end), end)
	}
	return end
}
