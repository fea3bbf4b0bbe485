package limit

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/figure"
)

// bytesPerToken is how many bytes of a text in UTF-8 are about one token of
// today's language models.
const bytesPerToken = 4

// Tokens says where a body has what tells its cost in the tokens of a language
// model. The defaults are the names of the OpenAI API.
type Tokens struct {
	// The texts that the model reads, as JSON Pointers, in which * stands for
	// every item or member. All strings below count, a token for each four bytes.
	// Default: /messages /prompt /input.
	Input []string `json:"input,omitempty"`

	// How many tokens the model may write, as JSON Pointers: the first that leads
	// to a number counts. Default: /max_completion_tokens /max_tokens.
	Output []string `json:"output,omitempty"`

	// How many it may write where the body does not say. Default: 1024.
	OutputDefault *int `json:"output_default,omitempty"`

	// The most that is reserved for what it writes, whatever the body says.
	// Default: no bound.
	OutputMax *int `json:"output_max,omitempty"`

	// How many answers it writes, as JSON Pointers like those of output: what it
	// writes counts as often. Default: /n.
	Choices []string `json:"choices,omitempty"`
}

// Options returns the options of tokens.
func (t *Tokens) Options() option.Table {
	pointers := func(name string, field *[]string, names string) *option.Option {
		return option.List(name, field, "<pointers...>").Default(names).Accept("a JSON Pointer, such as /messages/*/content", isPointer)
	}
	return option.Table{Name: "tokens", Options: []*option.Option{
		pointers("input", &t.Input, "/messages /prompt /input"),
		pointers("output", &t.Output, "/max_completion_tokens /max_tokens"),
		option.Count("output_default", &t.OutputDefault, 0, 1<<30).Default("1024"),
		option.Count("output_max", &t.OutputMax, 1, 1<<30).Example("4096").DefaultMeans("no bound"),
		pointers("choices", &t.Choices, "/n"),
	}}
}

// estimate returns how many tokens a request with the body may cost, at least
// 1.
func (t *Tokens) estimate(body any) int64 {
	var bytes int64
	for _, pointer := range t.Input {
		visit(body, pointer, func(value any) { bytes += textIn(value) })
	}
	output, known := firstNumber(body, t.Output)
	if !known {
		output = int64(*t.OutputDefault)
	}
	if t.OutputMax != nil {
		output = min(output, int64(*t.OutputMax))
	}
	if choices, _ := firstNumber(body, t.Choices); choices > 1 {
		output = times(output, choices)
	}
	input := (bytes + bytesPerToken - 1) / bytesPerToken
	if output > math.MaxInt64-input {
		return math.MaxInt64
	}
	return max(1, input+output)
}

// firstNumber returns the first whole number to which one of the pointers
// leads. A number beyond the largest is the largest.
func firstNumber(body any, pointers []string) (number int64, known bool) {
	for _, pointer := range pointers {
		visit(body, pointer, func(value any) {
			if text, ok := value.(json.Number); ok && !known {
				number, known = figure.Parse(string(text))
			}
		})
	}
	return number, known
}

// textIn returns how many bytes the strings in a value have.
func textIn(value any) (bytes int64) {
	switch v := value.(type) {
	case string:
		return int64(len(v))
	case []any:
		for _, item := range v {
			bytes += textIn(item)
		}
	case map[string]any:
		for _, member := range v {
			bytes += textIn(member)
		}
	}
	return bytes
}

// visit calls yield with each value to which a pointer leads, in which * stands
// for every item or member.
func visit(value any, pointer string, yield func(any)) {
	if pointer == "" {
		yield(value)
		return
	}
	token, rest, more := strings.Cut(pointer[1:], "/")
	if more {
		rest = "/" + rest
	}
	switch v := value.(type) {
	case map[string]any:
		if token == "*" {
			for _, member := range v {
				visit(member, rest, yield)
			}
			return
		}
		if member, ok := v[unescape(token)]; ok {
			visit(member, rest, yield)
		}
	case []any:
		i, err := strconv.Atoi(token)
		switch {
		case token == "*":
			for _, item := range v {
				visit(item, rest, yield)
			}
		case err == nil && i >= 0 && i < len(v):
			visit(v[i], rest, yield)
		}
	}
}

// unescape returns the name that a pointer's token stands for.
func unescape(token string) string { return jsontext.Pointer("/" + token).LastToken() }
