package limit

import (
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/problem"
)

func TestTokensAreEstimatedFromTheBody(t *testing.T) {
	// The strings have 400 bytes.
	chat := `"messages": [{"role": "user", "content": "` + strings.Repeat("a", 396) + `"}]`
	for name, tc := range map[string]struct {
		tokens Tokens
		body   string
		want   int64
	}{
		"a chat":                   {body: `{` + chat + `, "max_tokens": 50}`, want: 100 + 50},
		"the newer name first":     {body: `{` + chat + `, "max_tokens": 50, "max_completion_tokens": 60}`, want: 100 + 60},
		"no bound in the body":     {body: `{` + chat + `}`, want: 100 + 1024},
		"a default":                {tokens: Tokens{OutputDefault: new(7)}, body: `{` + chat + `}`, want: 100 + 7},
		"a bound":                  {tokens: Tokens{OutputMax: new(40)}, body: `{` + chat + `, "max_tokens": 50}`, want: 100 + 40},
		"a bound of the default":   {tokens: Tokens{OutputMax: new(40)}, body: `{` + chat + `}`, want: 100 + 40},
		"several answers":          {body: `{` + chat + `, "max_tokens": 50, "n": 3}`, want: 100 + 150},
		"no answer":                {body: `{` + chat + `, "max_tokens": 50, "n": 0}`, want: 100 + 50},
		"a negative bound":         {body: `{` + chat + `, "max_tokens": -50}`, want: 100 + 1024},
		"a bound in words":         {body: `{` + chat + `, "max_tokens": "many"}`, want: 100 + 1024},
		"a bound with an exponent": {body: `{` + chat + `, "max_tokens": 1e2}`, want: 100 + 100},
		"a fraction":               {body: `{` + chat + `, "max_tokens": 1.5}`, want: 100 + 2},
		"input elsewhere":          {tokens: Tokens{Input: []string{"/messages/*/content"}, OutputDefault: new(0)}, body: `{` + chat + `}`, want: 99},
		"the first item's":         {tokens: Tokens{Input: []string{"/a/0"}, OutputDefault: new(0)}, body: `{"a": ["12345678", "1234"]}`, want: 2},
		"a name with a slash":      {tokens: Tokens{Input: []string{"/a~1b"}, OutputDefault: new(0)}, body: `{"a/b": "12345678"}`, want: 2},
		"a prompt and an input":    {body: `{"prompt": "12345", "input": ["123"], "max_tokens": 0}`, want: 2},
		"letters of several bytes": {body: `{"prompt": "香水香水", "max_tokens": 0}`, want: 3},
		"nothing":                  {body: `{"max_tokens": 0}`, want: 1},
		"no JSON":                  {body: `prompt=rose`, want: 1024},
		"no body":                  {want: 1024},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100000/1m", Tokens: &tc.tokens}}})
			if a := ask(t, request{body: tc.body}, h); !a.passed || a.x.Limits[0].Remaining != 100_000-tc.want {
				t.Errorf("%v: %d left of 100000, want %d to be charged", a.err, a.x.Limits[0].Remaining, tc.want)
			}
		})
	}
}

func TestMoreTokensThanTheRateAreNeverLetIn(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100000/1m", Tokens: new(Tokens)}}})
	for _, body := range []string{`{"max_tokens": 1e300}`, `{"max_tokens": 9223372036854775807, "n": 9, "prompt": "rose"}`} {
		if p := ask(t, request{body: body}, h).problemOf(t); p.Kind != problem.CostTooHigh {
			t.Errorf("%s: %v", body, p)
		}
	}
}
