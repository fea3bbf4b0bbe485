package promptpolicy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// PromptPath says where the prompts are in a body: a JSON Pointer (RFC 6901)
// in which the token * stands for every item of an array or member of an object,
// such as /prompt or /messages/*/content.
type PromptPath struct{ tokens []string }

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
	for i, token := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(token), "~") {
			return PromptPath{}, fmt.Errorf("prompt path %q: ~ must be written ~0, and / in a name ~1", pointer)
		}
		tokens[i] = unescapeToken.Replace(token)
	}
	return PromptPath{tokens}, nil
}

// The bounds of what one body may have judged. Every prompt costs the rules time,
// and its pointer repeats the names that lead to it: without a bound,
// 80 KB of body could have 500 MB of pointers.
const (
	maxPrompts      = 1000
	maxPointerBytes = 256 << 10
)

var (
	// ErrTooManyPrompts says that a body has more prompts than can be judged.
	ErrTooManyPrompts = fmt.Errorf("there are more than %d texts to judge", maxPrompts)
	// ErrLongPointers says that the names that lead to a body's prompts are too long.
	ErrLongPointers = fmt.Errorf("the names that lead to the texts have more than %d KiB together", maxPointerBytes>>10)
)

// Prompts returns the texts that the paths lead to in a body, with their
// normalised forms. Where a path leads to an array or an object, every string
// inside is a prompt: a text must not go unjudged because it is wrapped. The
// error is [ErrTooManyPrompts] or [ErrLongPointers].
func Prompts(body any, paths []PromptPath) ([]exchange.Prompt, error) {
	var c collector
	for _, path := range paths {
		if err := c.walk(body, path.tokens); err != nil {
			return nil, err
		}
	}
	for i := range c.found {
		c.found[i].Normalised = textnorm.Normalise(c.found[i].Text)
	}
	return c.found, nil
}

// collector gathers prompts. It writes a pointer only where there is one.
type collector struct {
	found    []exchange.Prompt
	pointers int      // bytes of the pointers of found
	at       []string // the names that lead to the current value
}

func (c *collector) walk(value any, tokens []string) error {
	token := "*"
	if len(tokens) > 0 {
		token, tokens = tokens[0], tokens[1:]
	} else if text, ok := value.(string); ok {
		return c.add(text)
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if name := strconv.Itoa(i); token == "*" || token == name {
				if err := c.enter(name, item, tokens); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		return c.walkMembers(value, token, tokens)
	}
	return nil
}

func (c *collector) walkMembers(members map[string]any, token string, tokens []string) error {
	if token != "*" {
		member, ok := members[token]
		if !ok {
			return nil
		}
		return c.enter(token, member, tokens)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := c.enter(name, members[name], tokens); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) enter(name string, value any, tokens []string) error {
	c.at = append(c.at, name)
	defer func() { c.at = c.at[:len(c.at)-1] }()
	return c.walk(value, tokens)
}

// add takes a prompt, and measures its pointer before writing it.
func (c *collector) add(text string) error {
	if len(c.found) == maxPrompts {
		return ErrTooManyPrompts
	}
	for _, name := range c.at {
		c.pointers += len(name) + len("/")
	}
	if c.pointers > maxPointerBytes {
		return ErrLongPointers
	}
	c.found = append(c.found, exchange.Prompt{Path: pointer(c.at...), Text: text})
	return nil
}
