package promptpolicy

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/strictjson"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// PromptPath says where the prompts are in a body: a JSON Pointer (RFC 6901) in
// which the token * stands for every item of an array or member of an object,
// such as /prompt or /messages/*/content. Names are compared as the most
// lenient decoder compares them: case, hyphens and underscores do not matter.
type PromptPath struct {
	tokens []string
	folded []string // the tokens as names are compared
}

// WholeBody is the path to every string of a body.
var WholeBody = PromptPath{}

var unescapeToken = strings.NewReplacer("~1", "/", "~0", "~")

// ParsePromptPath reads a path. It must begin with a slash.
func ParsePromptPath(pointer string) (PromptPath, error) {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return PromptPath{}, fmt.Errorf("prompt path %q must be a JSON Pointer that begins with /, such as /prompt or /messages/*/content", pointer)
	}
	tokens := strings.Split(rest, "/")
	folded := make([]string, len(tokens))
	for i, token := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return PromptPath{}, fmt.Errorf("prompt path %q: ~ must be written ~0, and / in a name ~1", pointer)
		}
		tokens[i] = unescapeToken.Replace(token)
		folded[i] = foldName(tokens[i])
	}
	return PromptPath{tokens, folded}, nil
}

var dropSeparators = strings.NewReplacer("-", "", "_", "")

// foldName returns the same form for all names that some decoder takes for one.
func foldName(name string) string { return dropSeparators.Replace(strictjson.FoldName(name)) }

// isFolded reports whether foldName(name) is folded, which is the result of
// foldName too, without making it.
func isFolded(name, folded string) bool {
	if name == folded {
		return true
	}
	for _, r := range name {
		if r == '-' || r == '_' {
			continue
		}
		want, size := utf8.DecodeRuneInString(folded)
		if size == 0 || strictjson.FoldRune(r) != want {
			return false
		}
		folded = folded[size:]
	}
	return folded == ""
}

// The bounds of what is judged in one body. Every prompt takes the rules time,
// and its pointer repeats the names that lead to it: without a bound, a body of
// 80 KB could have 500 MB of pointers. Items that are judged apart may have
// maxPrompts texts, and the rest as many. Hangul takes three times as many
// bytes while it is normalised, and no script takes more.
const (
	maxPrompts      = 1000
	maxPointerBytes = 256 << 10
	maxGrowth       = 4
	leastRoom       = 4 << 10
)

var (
	// ErrTooManyPrompts says that a body has more prompts than can be judged.
	ErrTooManyPrompts = fmt.Errorf("there are more than %d texts to judge", maxPrompts)
	// ErrLongPointers says that the names that lead to a body's prompts are too
	// long.
	ErrLongPointers = fmt.Errorf("the names that lead to the texts have more than %d KiB together", maxPointerBytes>>10)
	// ErrNotText says that there are numbers where a prompt should be.
	ErrNotText = errors.New("there are numbers where a text should be, such as the ids of tokens: they cannot be judged, so send the text itself")
	// ErrTextGrows says that the texts are too large in the form that is judged.
	ErrTextGrows = fmt.Errorf("the texts grow to more than %d times their length when their characters are normalised", maxGrowth)
	// ErrTextTakesLong says that the texts could not be normalised in time.
	ErrTextTakesLong = errors.New("the texts are too long to be judged in time")
)

// Source is where [Prompts] looks for prompts.
type Source struct {
	// Body is the parsed body; nil for none.
	Body any
	// Query is the request's query, not decoded.
	Query string
	// Files lead to what may be files, which are no texts. They lead to all that
	// is below, too.
	Files []PromptPath
	// Apart lead to items that are judged apart from each other, with all that is
	// below.
	Apart []PromptPath
}

// Prompts returns the texts that the paths lead to in a body, with their
// normalised forms. A text is judged even if it is wrapped, split up, or under
// a name that is spelled differently:
//
//   - if a path leads to an array or an object, or goes on where a value has
//     no members, every string and every name in that value is a prompt;
//   - the strings of one array are also one prompt together;
//   - if the paths lead to nothing in a body, the whole body is judged;
//   - a parameter of the query is treated like the member of that name.
//
// The texts of an item that from.Apart lead to name it, and are joined with
// none of another.
//
// The data of files that from.Files lead to is left out: see [fileHead].
//
// Prompts gives up at the deadline. The error is [ErrTooManyPrompts],
// [ErrLongPointers], [ErrNotText], [ErrTextGrows], [ErrTextTakesLong], or wraps
// that of the context.
func Prompts(ctx context.Context, deadline time.Time, from Source, paths []PromptPath) ([]exchange.Prompt, error) {
	c := collector{files: from.Files, apart: from.Apart}
	c.at, c.like, c.found = c.room.at[:0], c.room.like[:0], c.room.found[:0]
	for _, path := range paths {
		if err := c.walk(from.Body, path); err != nil {
			return nil, err
		}
	}
	if len(c.found) == 0 && from.Body != nil {
		if err := c.walk(from.Body, WholeBody); err != nil {
			return nil, err
		}
	}
	if err := c.query(from.Query, paths); err != nil {
		return nil, err
	}
	return c.prompts(ctx, deadline)
}

// collector gathers prompts. It writes a pointer only for a prompt.
type collector struct {
	// room is where lists begin, so that those of most bodies cost nothing.
	room struct {
		at, like [8]string
		found    [2]rawPrompt
	}
	found    []rawPrompt
	ofItems  int             // how many of found are of items that are apart
	others   int             // and how many are not
	pointers int             // bytes of the pointers of found
	at       []string        // the names that lead to the current value
	like     []string        // the names that a path's tokens stand for
	names    map[string]bool // those that are prompts already
	joined   []rawPrompt
	list     *list // the innermost array around the current value
	files    []PromptPath
	apart    []PromptPath
}

// rawPrompt is a prompt that is not normalised yet.
type rawPrompt struct {
	path string
	text string
	item string
	name bool  // whether it is the name of a member
	of   []int // of a joined prompt: the indices of its texts in found
}

// list groups the texts of one array by the pointer that leads to them from an
// item.
type list struct {
	depth int // how many names lead to the array
	order []string
	texts map[string][]int
}

// walk follows a path as far as the body has that shape.
func (c *collector) walk(value any, path PromptPath) error {
	if len(path.tokens) == 0 {
		return c.gather(value, true)
	}
	token, folded := path.tokens[0], path.folded[0]
	rest := PromptPath{path.tokens[1:], path.folded[1:]}
	switch value := value.(type) {
	case map[string]any:
		like := c.namesLike(value, token, folded)
		defer func() { c.like = c.like[:len(c.like)-len(like)] }()
		for _, name := range like {
			if err := c.enter(name, func() error { return c.walk(value[name], rest) }); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if _, err := strconv.Atoi(token); err != nil && token != "*" && token != "-" {
			return c.gather(value, true) // the path does not expect an array here
		}
		for i, item := range value {
			if name := strconv.Itoa(i); token == "*" || token == name {
				if err := c.enter(name, func() error { return c.walk(item, rest) }); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return c.gather(value, true)
}

// namesLike returns the names of an object that a token stands for, in order.
// They are the last of c.like.
func (c *collector) namesLike(object map[string]any, token, folded string) []string {
	before := len(c.like)
	for name := range object {
		if token == "*" || isFolded(name, folded) {
			c.like = append(c.like, name)
		}
	}
	like := c.like[before:]
	slices.Sort(like)
	return like
}

// gather adds every string and every name in a value. A number is an error
// where a text is expected; a number in a member of an object is harmless.
func (c *collector) gather(value any, expected bool) error {
	switch value := value.(type) {
	case string:
		return c.addText(value)
	case json.Number:
		if expected {
			return ErrNotText
		}
	case []any:
		return c.gatherItems(value)
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			err := c.enter(name, func() error {
				if err := c.addName(name); err != nil {
					return err
				}
				return c.gather(value[name], false)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// gatherItems adds the strings of an array one by one. It also adds those that
// the same names lead to as one text, because the backend may put the parts of
// a message together.
func (c *collector) gatherItems(items []any) error {
	outer := c.list
	defer func() { c.list = outer }()
	if len(items) > 1 { // a single item is joined with nothing
		c.list = &list{depth: len(c.at), texts: map[string][]int{}}
	}
	for i, item := range items {
		if err := c.enter(strconv.Itoa(i), func() error { return c.gather(item, true) }); err != nil {
			return err
		}
	}
	if c.list == outer {
		return nil
	}
	for _, below := range c.list.order {
		if texts := c.list.texts[below]; len(texts) > 1 {
			path := c.pointer() + "/*" + below
			if c.pointers += len(path); c.pointers > maxPointerBytes {
				return ErrLongPointers
			}
			c.joined = append(c.joined, rawPrompt{path: path, item: c.found[texts[0]].item, of: texts})
		}
	}
	return nil
}

func (c *collector) enter(name string, visit func() error) error {
	c.at = append(c.at, name)
	defer func() { c.at = c.at[:len(c.at)-1] }()
	return visit()
}

// add adds a prompt. It measures the pointer before writing it.
func (c *collector) add(text string, name bool) error {
	item, depth := c.item(name)
	count := &c.others
	if depth > 0 {
		count = &c.ofItems
	}
	if *count == maxPrompts {
		return ErrTooManyPrompts
	}
	*count++
	for _, name := range c.at {
		c.pointers += len(name) + len("/")
	}
	if c.pointers > maxPointerBytes {
		return ErrLongPointers
	}
	if l := c.list; l != nil && !name && l.depth >= depth {
		below := pointer(c.at[l.depth+1:]...)
		if l.texts[below] == nil {
			l.order = append(l.order, below)
		}
		l.texts[below] = append(l.texts[below], len(c.found))
	}
	c.found = append(c.found, rawPrompt{path: c.pointer(), text: text, item: item, name: name})
	return nil
}

// addText adds a text, and of a file only what is text in it.
func (c *collector) addText(text string) error {
	if !c.atFile() {
		return c.add(text, false)
	}
	head, ok := fileHead(text)
	if !ok {
		return c.add(text, false)
	}
	if head == "" {
		return nil
	}
	return c.add(head, false)
}

// addName adds the name of a member, once for each body: most names occur in
// every item.
func (c *collector) addName(name string) error {
	if c.names[name] || !strings.ContainsFunc(name, unicode.IsLetter) {
		return nil
	}
	if c.names == nil {
		c.names = map[string]bool{}
	}
	c.names[name] = true
	return c.add(name, true)
}

// query adds the parameters of a query that a backend might merge with the
// body: those with a name that a path, or the pointer of a prompt, begins with.
// It reads the query as the most lenient parser would.
func (c *collector) query(query string, paths []PromptPath) error {
	if query == "" {
		return nil
	}
	roots := map[string]bool{}
	for _, path := range paths {
		if len(path.folded) > 0 {
			roots[path.folded[0]] = true
		}
	}
	for _, prompt := range c.found {
		root, _, _ := strings.Cut(prompt.path[min(1, len(prompt.path)):], "/")
		roots[foldName(unescapeToken.Replace(root))] = true
	}
	for parameter := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(parameter, "=")
		name = unescapeQuery(name)
		root, _, _ := strings.Cut(name, "[")
		root, _, _ = strings.Cut(root, ".")
		if !roots[foldName(strings.TrimSpace(root))] {
			continue
		}
		if err := c.enter(name, func() error { return c.add(unescapeQuery(value), false) }); err != nil {
			return err
		}
	}
	return nil
}

// unescapeQuery decodes escapes, and leaves an invalid one as it is.
func unescapeQuery(text string) string {
	text = strings.ReplaceAll(text, "+", " ")
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if b, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				out.WriteByte(b[0])
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// prompts normalises what was found.
func (c *collector) prompts(ctx context.Context, deadline time.Time) ([]exchange.Prompt, error) {
	budget := textnorm.Budget{
		Room:    leastRoom,
		Expired: func() bool { return ctx.Err() != nil || time.Now().After(deadline) },
	}
	for _, raw := range c.found {
		budget.Room += maxGrowth * len(raw.text)
	}
	prompts := make([]exchange.Prompt, 0, len(c.found)+len(c.joined))
	for _, raw := range c.found {
		text := raw.text
		if raw.name {
			text = nameWords(text)
		}
		normalised, err := textnorm.NormaliseWithin(text, &budget)
		switch {
		case errors.Is(err, textnorm.ErrGrows):
			return nil, ErrTextGrows
		case err != nil && ctx.Err() != nil:
			return nil, fmt.Errorf("normalising the texts: %w", ctx.Err())
		case err != nil:
			return nil, ErrTextTakesLong
		}
		prompts = append(prompts, exchange.Prompt{Path: raw.path, Text: raw.text, Normalised: normalised, Item: raw.item, IsName: raw.name})
	}
	for _, raw := range c.joined {
		prompts = append(prompts, raw.join(prompts))
	}
	return prompts, nil
}

// join makes one prompt of several. It puts a [textnorm.Seam] between two
// texts, which leaves open whether they form one word.
func (j rawPrompt) join(prompts []exchange.Prompt) exchange.Prompt {
	texts, normalised := make([]string, len(j.of)), make([]string, len(j.of))
	for i, of := range j.of {
		texts[i], normalised[i] = prompts[of].Text, prompts[of].Normalised
	}
	return exchange.Prompt{
		Path:       j.path,
		Item:       j.item,
		Joined:     true,
		Text:       strings.Join(texts, string(textnorm.Seam)),
		Normalised: strings.Join(slices.DeleteFunc(normalised, func(s string) bool { return s == "" }), " "),
	}
}

// nameWords separates the words of a name, such as sample_rate or sampleRate,
// by spaces.
func nameWords(name string) string {
	var out strings.Builder
	lower := false
	for _, r := range name {
		if lower && unicode.IsUpper(r) {
			out.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		if strings.ContainsRune("_-.:/", r) {
			r = ' '
		}
		out.WriteRune(r)
	}
	return out.String()
}
