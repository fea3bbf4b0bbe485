package pattern

// Kind is what a part of a text is.
type Kind uint8

// The kinds.
const (
	Email Kind = iota
	Phone
	Card // a payment card, by its check digit
	IBAN // by its check digits
	IP   // an address of a computer
	Post // the end of a postal address: a state or a postcode of its form

	AWSKey
	GitHubToken
	ModelKey // of a provider of models: sk-…
	SlackToken
	GoogleKey
	OtherToken // of a service that marks its tokens
	JWT
	PrivateKey
	Password // password=…, Authorization: Bearer …

	Markup // of HTML that only formats
	Script // HTML and JavaScript that runs
	SQL
	Shell
	Template // of a template engine, or a look-up in a log
	Path     // that leads out of a directory, or to a file of the system
	ChatMark // a mark between the messages of a chat

	CAS // by its check digit
	Formula
	SMILES
	InChI
	InChIKey
	SystematicName

	kinds
)

var kindNames = [kinds]string{
	"email", "phone", "card", "iban", "ip", "post",
	"aws_key", "github_token", "model_key", "slack_token", "google_key", "token", "jwt", "private_key", "password",
	"markup", "script", "sql", "shell", "template", "path", "chat_mark",
	"cas", "formula", "smiles", "inchi", "inchikey", "systematic_name",
}

// String returns the name by which rules know a kind.
func (k Kind) String() string { return kindNames[k] }

// Group is what kinds have in common.
type Group string

// The groups.
const (
	Personal Group = "personal"
	Secret   Group = "secret"
	Code     Group = "code"
	Chemical Group = "chemical"
)

// Group returns the group of a kind.
func (k Kind) Group() Group {
	switch {
	case k <= Post:
		return Personal
	case k <= Password:
		return Secret
	case k <= ChatMark:
		return Code
	}
	return Chemical
}

// Match is a part of a text.
type Match struct {
	Kind Kind
	// Start and End are its range of bytes.
	Start, End int
}

// MaxMatches is how many matches there are at most: a text with more is no
// prompt, and the rest of it is left unread.
const MaxMatches = 256

// Find returns what has a form of its own in a text, by where it was noticed.
// Matches of different kinds may overlap. It takes time in proportion to the
// text, and no memory where there is nothing.
func Find(text string) []Match {
	s := scanner{text: text}
	for i := 0; i < len(text) && len(s.found) < MaxMatches; {
		trigger := triggers[text[i]]
		if trigger == nothing {
			i++
			continue
		}
		i = max(s.at(i, trigger), i+1)
	}
	return s.found
}

// scanner goes over a text from left to right.
type scanner struct {
	text   string
	found  []Match
	quotes int // so far that open or close something, of one kind
	token  int // where the last token ends that was read as a chemical
	// Where the last one ends that was read as a formula.
	formulas int
}

// add takes a match, as a longer one if it continues the last.
func (s *scanner) add(kind Kind, start, end int) {
	end = min(end, len(s.text))
	if n := len(s.found); n > 0 && s.found[n-1].Kind == kind && start <= s.found[n-1].End {
		s.found[n-1].End = max(s.found[n-1].End, end)
		return
	}
	s.found = append(s.found, Match{kind, start, end})
}

// trigger is what may begin at a byte.
type trigger uint8

const (
	nothing trigger = iota
	letter
	digit
	sign
)

var triggers = func() (table [256]trigger) {
	for c := range table {
		switch {
		case isLetter(byte(c)):
			table[c] = letter
		case isDigit(byte(c)):
			table[c] = digit
		}
	}
	for _, c := range []byte("@<{$`;|&'\"./\\-%+[#(*:~\n") {
		table[c] = sign
	}
	return table
}()

// at looks at what may begin at a byte, and returns from where to go on.
func (s *scanner) at(i int, trigger trigger) int {
	switch trigger {
	case letter:
		if to := s.ordinary(i); to > i {
			return to
		}
		return s.letter(i)
	case digit:
		if to := s.number(i); to > i {
			return to
		}
		return s.wordEnd(i)
	}
	return s.sign(i)
}

// sign looks at a character that is neither a letter nor a digit.
func (s *scanner) sign(i int) int {
	switch s.text[i] {
	case '@':
		return max(s.email(i), s.template(i))
	case '<':
		return s.markup(i)
	case '{', '*', '[', '~':
		if s.text[i] == '[' {
			if to := s.chemical(i); to > i {
				return to
			}
		}
		return s.template(i)
	case '#', '$', '`':
		return max(s.template(i), s.substitution(i), s.operator(i))
	case ';', '|', '&', '\n', '(':
		return max(s.command(i), s.query(i))
	case '\'', '"':
		return s.quote(i)
	case '.', '/', '\\', '%':
		return s.path(i)
	case '-':
		return max(s.comment(i), s.privateKey(i), s.systematic(i))
	case '+':
		return s.phone(i)
	case ':':
		return s.bomb(i)
	}
	return i
}
