// Package configfault turns the long chain of errors with which Caddy refuses a
// configuration into one line for people: the place, the option, what is wrong,
// and the cure.
package configfault

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Fault is what a chain of errors comes down to.
type Fault struct {
	// Places are where the fault is, or may be, in files.
	Places []Place
	// Pointer is the JSON Pointer of the part of the configuration that was
	// refused; empty if it is not known.
	Pointer string
	// Module is the directive, the handler or the app that refuses; empty if none
	// does.
	Module string
	// Message says what is wrong.
	Message string
}

// Place is a line of a file.
type Place struct {
	File string
	Line int // from 1
}

// String returns the fault in one line.
func (f Fault) String() string {
	var text strings.Builder
	for i, place := range f.Places {
		switch {
		case i == 0:
			fmt.Fprintf(&text, "%s:%d", place.File, place.Line)
		case i == len(f.Places)-1:
			fmt.Fprintf(&text, " or %d", place.Line)
		default:
			fmt.Fprintf(&text, ", %d", place.Line)
		}
	}
	for _, part := range []string{f.Module, f.Message} {
		if part == "" {
			continue
		}
		if text.Len() > 0 {
			text.WriteString(": ")
		}
		text.WriteString(part)
	}
	return text.String()
}

// atLine is what Caddy's parser adds at the end, once for each block around.
// The first is that of the fault.
var atLine = regexp.MustCompile(`, at ([^\s,;]+):(\d+)`)

// importChain is what it adds for an imported file.
var importChain = regexp.MustCompile(`,? import chain \[[^]]*\]`)

// adapting is how an error of a config adapter begins.
var adapting = regexp.MustCompile(`^(?:adapting config using \S+|loading new config): `)

// place is how other errors begin that know their place.
var place = regexp.MustCompile(`^([^\s:"]+):(\d+)(?::\d+)?(?: - [^:]+)?: `)

// Read takes a chain of errors apart.
func Read(chain string) Fault {
	var f Fault
	for adapting.MatchString(chain) {
		chain = adapting.ReplaceAllString(chain, "")
	}
	chain = importChain.ReplaceAllString(chain, "")
	if match := place.FindStringSubmatch(chain); match != nil {
		f.at(match[1], match[2])
		chain = chain[len(match[0]):]
	}
	if match := atLine.FindStringSubmatch(chain); match != nil && len(f.Places) == 0 {
		f.at(match[1], match[2])
	}
	chain = atLine.ReplaceAllString(chain, "")
	f.Message = f.descend(chain)
	return f
}

func (f *Fault) at(file, line string) {
	number, _ := strconv.Atoi(line) // the expression has digits only
	f.Places = append(f.Places, Place{file, number})
}

// step is one link of a chain that leads into the configuration.
type step struct {
	link *regexp.Regexp
	take func(f *Fault, name string)
}

// steps are the links that Caddy's errors have. Their first group is a name.
var steps = []step{
	{regexp.MustCompile(`^parsing caddyfile tokens for '([^']+)': `), (*Fault).named},
	{regexp.MustCompile(`^loading (\S+) app module: `), func(f *Fault, name string) { f.named(name); f.enter("apps", name) }},
	{regexp.MustCompile(`^server (\S+): `), func(f *Fault, name string) { f.enter("servers", name) }},
	{regexp.MustCompile(`^setting up error (?:handling routes|subroutes): ()`), func(f *Fault, _ string) { f.enter("errors") }},
	{regexp.MustCompile(`^route (\d+): `), func(f *Fault, name string) { f.enter("routes", name) }},
	{regexp.MustCompile(`^loading handler modules: position (\d+): `), func(f *Fault, name string) { f.enter("handle", name) }},
	{regexp.MustCompile(`^loading matcher modules: module name '([^']+)': `), func(f *Fault, name string) { f.Module = "matcher " + name; f.enter("match") }},
	{regexp.MustCompile(`^loading module '([^']+)': `), (*Fault).named},
}

// passed are links that say nothing.
var passed = regexp.MustCompile(`^(?:setting up (?:route handlers|route matchers|subroutes)|provision [\w.]+|decoding module config: [\w.]+|loading (?:\w+ )*modules?|position \d+|[\w.]+: invalid configuration|decoding config|getting the \w+ app): `)

func (f *Fault) named(name string) { f.Module = name }

func (f *Fault) enter(parts ...string) {
	for _, part := range parts {
		f.Pointer = string(jsontext.Pointer(f.Pointer).AppendToken(part))
	}
}

// descend follows the chain to its end, and returns what is left.
func (f *Fault) descend(chain string) string {
	for {
		next := f.follow(chain)
		if next == chain {
			return chain
		}
		chain = next
	}
}

// follow takes one link off the chain.
func (f *Fault) follow(chain string) string {
	for _, s := range steps {
		if match := s.link.FindStringSubmatch(chain); match != nil {
			s.take(f, match[1])
			return chain[len(match[0]):]
		}
	}
	return chain[len(passed.FindString(chain)):]
}

// Find looks for the fault in a Caddyfile, if the chain did not say where it
// is: in the lines where its directive begins, and there in the option that the
// message begins with or has the value of; without a directive, in the only
// line that has a word of the message.
func (f *Fault) Find(file, text string) {
	if len(f.Places) > 0 {
		return
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = comment.ReplaceAllString(line, "")
	}
	for _, line := range f.candidates(lines) {
		f.Places = append(f.Places, Place{file, line + 1})
	}
}

// comment is the rest of a line that means nothing.
var comment = regexp.MustCompile(`(^|\s)#.*`)

func (f *Fault) candidates(lines []string) []int {
	if f.Module == "" {
		return f.only(lines)
	}
	var directives, options, meant []int
	for i, line := range lines {
		if firstWord(line) != f.Module {
			continue
		}
		directives = append(directives, i)
		option := f.option(lines, i)
		if option < 0 {
			continue
		}
		options = append(options, option)
		if f.mentions(lines[option]) {
			meant = append(meant, option)
		}
	}
	for _, found := range [][]int{meant, options, directives} {
		if len(found) > 0 {
			return found
		}
	}
	return f.only(lines)
}

// Line says that the fault is where the text has a directive, if it has it
// once: Caddy's parser may name the end of the block around it.
func (f *Fault) Line(file, text, directive string) {
	var found []Place
	for i, line := range strings.Split(text, "\n") {
		if firstWord(line) == directive {
			found = append(found, Place{file, i + 1})
		}
	}
	if len(found) == 1 {
		f.Places = found
	}
}

// quoted is a word in quotation marks.
var quoted = regexp.MustCompile(`'([^']+)'|"([^"]+)"`)

// only returns the only line that has one of the message's words that may come
// from the file: those in quotation marks first, then the last one and those
// with a digit.
func (f *Fault) only(lines []string) []int {
	words := strings.FieldsFunc(f.Message, func(r rune) bool { return strings.ContainsRune(" '\":;,", r) })
	last := len(words) - 1
	for i := range words {
		if i < last && !strings.ContainsAny(words[i], "0123456789/") {
			words[i] = ""
		}
	}
	for _, match := range quoted.FindAllStringSubmatch(f.Message, -1) {
		words = append(words, match[1]+match[2])
	}
	for _, word := range slices.Backward(words) {
		var found []int
		for i, line := range lines {
			if has(line, word) {
				found = append(found, i)
			}
		}
		if len(found) == 1 {
			return found
		}
	}
	return nil
}

// has reports whether a line has a word; a long one also as a part of another.
func has(line, word string) bool {
	if len(word) < 3 {
		return false
	}
	return slices.ContainsFunc(strings.Fields(line), func(other string) bool {
		return strings.EqualFold(other, word) || len(word) > 3 && strings.Contains(other, word)
	})
}

// option returns the line of a directive's block whose option the message
// begins with, or else the line whose value it has, or -1.
func (f *Fault) option(lines []string, directive int) int {
	name, _, _ := strings.Cut(f.Message, ":")
	name, _, _ = strings.Cut(name, " ")
	named, valued, depth := -1, -1, 0
	for i := directive; i < len(lines); i++ {
		line := lines[i]
		depth += opens(line) - closes(line)
		if firstWord(line) == name && i > directive && (named < 0 || f.mentions(line)) {
			named = i
		}
		if valued < 0 && f.mentions(line) {
			valued = i
		}
		if depth <= 0 {
			break
		}
	}
	if named >= 0 {
		return named
	}
	return valued
}

func opens(line string) int {
	if strings.HasSuffix(strings.TrimSpace(line), "{") {
		return 1
	}
	return 0
}

func closes(line string) int {
	if strings.TrimSpace(line) == "}" {
		return 1
	}
	return 0
}

// mentions reports whether the message has one of the values of a line.
func (f *Fault) mentions(line string) bool {
	fields := strings.Fields(line)
	return len(fields) > 1 && slices.ContainsFunc(fields[1:], func(value string) bool {
		return len(value) > 2 && strings.Contains(f.Message, strings.Trim(value, `"`))
	})
}

func firstWord(line string) string {
	line = strings.TrimSpace(line)
	if end := strings.IndexAny(line, " \t"); end >= 0 {
		return line[:end]
	}
	return line
}
