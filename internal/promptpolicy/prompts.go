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

// Prompts returns the texts that the paths lead to in a body, with their
// normalised forms. Where a path leads to an array or an object, every string
// inside is a prompt: a text must not go unjudged because it is wrapped.
func Prompts(body any, paths []PromptPath) []exchange.Prompt {
	var found []exchange.Prompt
	for _, path := range paths {
		walk(body, path.tokens, "", &found)
	}
	return found
}

func walk(value any, tokens []string, at string, found *[]exchange.Prompt) {
	token := "*"
	if len(tokens) > 0 {
		token, tokens = tokens[0], tokens[1:]
	} else if text, ok := value.(string); ok {
		*found = append(*found, exchange.Prompt{Path: at, Text: text, Normalised: textnorm.Normalise(text)})
		return
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if name := strconv.Itoa(i); token == "*" || token == name {
				walk(item, tokens, at+"/"+name, found)
			}
		}
	case map[string]any:
		if token != "*" {
			if member, ok := value[token]; ok {
				walk(member, tokens, at+pointer(token), found)
			}
			return
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			walk(value[name], tokens, at+pointer(name), found)
		}
	}
}
