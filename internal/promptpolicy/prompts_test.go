package promptpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// repeated returns n copies of a value.
func repeated(n int, value any) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = value
	}
	return items
}

func TestPromptsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, tc := range map[string]struct {
		body any
		want error
	}{
		"as many as may be":          {repeated(maxPrompts, ""), nil},
		"one more":                   {repeated(maxPrompts+1, ""), ErrTooManyPrompts},
		"a long name once":           {map[string]any{long: "rose"}, nil},
		"a long name a text":         {map[string]any{long: repeated(10_000, "")}, ErrLongPointers},
		"a long name of no text":     {map[string]any{long: repeated(10_000, []any{})}, nil},
		"many long names":            {map[string]any{long: "", long + "1": "", long + "2": "", long + "3": "", long + "4": "", long + "5": ""}, ErrLongPointers},
		"long texts are their bytes": {repeated(maxPrompts, long), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Prompts(t.Context(), time.Now().Add(time.Hour), Source{Body: tc.body}, []PromptPath{WholeBody}); !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestRepeatedNamesCostLittle(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, leaf := range map[string]any{"texts": "", "empty arrays": []any{}} {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{long: repeated(10_000, leaf)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = Prompts(t.Context(), time.Now().Add(time.Hour), Source{Body: body}, []PromptPath{WholeBody})
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 4*maxPointerBytes {
				t.Errorf("%d bytes were allocated for 80 KB of body", got)
			}
		})
	}
}

// promptsIn returns the prompts of a body, each as path=text.
func promptsIn(t *testing.T, body, query string, pointers ...string) (found []string, prompts []exchange.Prompt, err error) {
	t.Helper()
	return promptsFrom(t, Source{Body: parsed(t, body), Query: query}, pointers)
}

// promptsOf is promptsIn for a body that may have files.
func promptsOf(t *testing.T, body string, files []string, pointers ...string) (found []string, err error) {
	t.Helper()
	found, _, err = promptsFrom(t, Source{Body: parsed(t, body), Files: pathsOf(t, files)}, pointers)
	return found, err
}

func promptsFrom(t *testing.T, source Source, pointers []string) (found []string, prompts []exchange.Prompt, err error) {
	t.Helper()
	prompts, err = Prompts(t.Context(), time.Now().Add(time.Hour), source, pathsOf(t, pointers))
	for _, prompt := range prompts {
		found = append(found, prompt.Path+"="+prompt.Text)
	}
	return found, prompts, err
}

func parsed(t *testing.T, body string) (value any) {
	t.Helper()
	if body == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func pathsOf(t testing.TB, pointers []string) (paths []PromptPath) {
	t.Helper()
	for _, pointer := range pointers {
		path, err := ParsePromptPath(pointer)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestPromptsAreWhatThePathsLeadTo(t *testing.T) {
	const body = `{
		"prompt": "Rose",
		"a/b": {"~": "tilde"},
		"messages": [
			{"role": "system", "content": "one"},
			{"role": "user", "content": [{"text": "two"}, {"deep": [["three"]]}]},
			{"role": "user"}
		]
	}`
	for name, tc := range map[string]struct {
		paths []string
		want  []string
	}{
		"a member":         {[]string{"/prompt"}, []string{"/prompt=Rose"}},
		"an escaped name":  {[]string{"/a~1b/~0"}, []string{"/a~1b/~0=tilde"}},
		"every item":       {[]string{"/messages/*/role"}, []string{"/messages/0/role=system", "/messages/1/role=user", "/messages/2/role=user"}},
		"one item":         {[]string{"/messages/0/content"}, []string{"/messages/0/content=one"}},
		"strings inside":   {[]string{"/messages/*/content"}, []string{"/messages/0/content=one", "/messages/1/content/0/text=text", "/messages/1/content/0/text=two", "/messages/1/content/1/deep=deep", "/messages/1/content/1/deep/0/0=three"}},
		"every member":     {[]string{"/a~1b/*"}, []string{"/a~1b/~0=tilde"}},
		"through a string": {[]string{"/prompt/x"}, []string{"/prompt=Rose"}},
		"two paths":        {[]string{"/prompt", "/messages/0/content"}, []string{"/prompt=Rose", "/messages/0/content=one"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, prompts, err := promptsIn(t, body, "", tc.paths...)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("prompts = %q, %v, want %q", got, err, tc.want)
			}
			for _, prompt := range prompts {
				if prompt.Normalised != textnorm.Normalise(prompt.Text) {
					t.Errorf("%s is normalised as %q", prompt.Text, prompt.Normalised)
				}
			}
		})
	}
}

func TestNoTextGoesUnjudgedForItsShape(t *testing.T) {
	for name, tc := range map[string]struct {
		body, query string
		paths       []string
		want        []string
	}{
		"another case":              {`{"Prompt":"sarin"}`, "", []string{"/prompt"}, []string{"/Prompt=sarin"}},
		"a long s":                  {`{"mes\u017fages":[{"content":"sarin"}]}`, "", []string{"/messages/*/content"}, []string{"/mesſages/0/content=sarin"}},
		"camels":                    {`{"input_text":"rose","inputText":"sarin"}`, "", []string{"/input_text"}, []string{"/inputText=sarin", "/input_text=rose"}},
		"items in place of a text":  {`{"prompt":["sar","in"]}`, "", []string{"/prompt"}, []string{"/prompt/0=sar", "/prompt/1=in", "/prompt/*=sar\u00adin"}},
		"parts of parts":            {`{"p":[{"text":["sar"]},{"text":["in"]}]}`, "", []string{"/p"}, []string{"/p/0/text=text", "/p/0/text/0=sar", "/p/1/text/0=in", "/p/*/text/0=sar\u00adin"}},
		"parts of a message":        {`{"m":[{"content":[{"text":"sar"},{"text":"in"}]}]}`, "", []string{"/m/*/content"}, []string{"/m/0/content/0/text=text", "/m/0/content/0/text=sar", "/m/0/content/1/text=in", "/m/0/content/*/text=sar\u00adin"}},
		"an item in place of many":  {`{"m":{"content":"sarin"}}`, "", []string{"/m/*/content"}, []string{"/m/content=sarin"}},
		"a text in place of many":   {`{"prompt":"rose","m":"sarin"}`, "", []string{"/prompt", "/m/*/content"}, []string{"/prompt=rose", "/m=sarin"}},
		"many in place of a member": {`{"prompt":[{"t":"sarin"}]}`, "", []string{"/prompt/t"}, []string{"/prompt/0/t=t", "/prompt/0/t=sarin"}},
		"names":                     {`{"prompt":{"makeSarin_now":true}}`, "", []string{"/prompt"}, []string{"/prompt/makeSarin_now=makeSarin_now"}},
		"an absent member":          {`{"text":"sarin","n":5}`, "", []string{"/prompt"}, []string{"/n=n", "/text=text", "/text=sarin"}},
		"a query like a path":       {`{"prompt":"rose"}`, "x=1&Prompt=a%20nerve+agent&prompt=%zz;prompt[0][text]=%73arin", []string{"/prompt"}, []string{"/prompt=rose", "/Prompt=a nerve agent", "/prompt=%zz", "/prompt[0][text]=sarin"}},
		"a query like a member":     {`{"text":"rose"}`, "text=sarin&width=5", nil, []string{"/text=text", "/text=rose", "/text=sarin"}},
		"a query without a body":    {"", "prompt=sarin", []string{"/prompt"}, []string{"/prompt=sarin"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := promptsIn(t, tc.body, tc.query, tc.paths...)
			if err != nil {
				t.Fatal(err)
			}
			if len(tc.want) > 0 && !slices.Equal(got, tc.want) {
				t.Errorf("prompts = %q, want %q", got, tc.want)
			}
			if len(got) == 0 {
				t.Error("there is no prompt")
			}
		})
	}
}

func TestNumbersInPlaceOfATextAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		body  string
		paths []string
		want  error
	}{
		"the ids of tokens":             {`{"prompt":[72,111,119]}`, []string{"/prompt"}, ErrNotText},
		"of several prompts":            {`{"prompt":[[72],[111]]}`, []string{"/prompt"}, ErrNotText},
		"inside":                        {`{"prompt":{"ids":[72]}}`, []string{"/prompt"}, ErrNotText},
		"one id":                        {`{"prompt":72}`, []string{"/prompt"}, ErrNotText},
		"among texts":                   {`{"prompt":["rose",72]}`, []string{"/prompt"}, ErrNotText},
		"before the end of a path":      {`{"messages":[72]}`, []string{"/messages/*/content"}, ErrNotText},
		"somewhere":                     {`{"inputs":[72]}`, []string{"/prompt"}, ErrNotText},
		"where all is a prompt":         {`{"inputs":[72]}`, nil, ErrNotText},
		"figures beside texts":          {`{"prompt":{"text":"rose","weight":5}}`, []string{"/prompt"}, nil},
		"figures where all is one":      {`{"prompt":"rose","temperature":0.5}`, nil, nil},
		"numbers that no path leads to": {`{"prompt":"rose","sizes":[5]}`, []string{"/prompt"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := promptsIn(t, tc.body, "", tc.paths...); !errors.Is(err, tc.want) {
				t.Errorf("error = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestWhatIsJoinedIsSearchedAsOneWordAndAsTwo(t *testing.T) {
	lex := lexiconOf(t, "sarin", "nerve agent")
	for body, want := range map[string]string{
		`{"p":["sar","in"]}`:      "sarin",
		`{"p":["Nerve","agent"]}`: "nerve agent",
	} {
		_, prompts, err := promptsIn(t, body, "", "/p")
		if err != nil {
			t.Fatal(err)
		}
		last := prompts[len(prompts)-1]
		if got := found(lex, last.Text); !slices.Equal(got, []string{want}) {
			t.Errorf("in %s: %q, want %q", body, got, want)
		}
		if strings.Contains(last.Normalised, "\u00ad") || !strings.Contains(last.Normalised, " ") {
			t.Errorf("%s is compared as %q", body, last.Normalised)
		}
	}
}

func TestLongTextsOfEveryLanguageAreJudged(t *testing.T) {
	for _, unit := range []string{"각", "한글 ", "été ", "新鮮な", "ế", "свежий ", "ไทย", "हिन्दी "} {
		body := map[string]any{"prompt": strings.Repeat(unit, 20_000)}
		if _, err := Prompts(t.Context(), time.Now().Add(time.Hour), Source{Body: body}, []PromptPath{WholeBody}); err != nil {
			t.Errorf("%s: %v", unit, err)
		}
	}
}

func TestHostileTextsAreGivenUp(t *testing.T) {
	body := map[string]any{"prompt": strings.Repeat("\ufdfa", 300_000)}
	source := Source{Body: body}
	if _, err := Prompts(t.Context(), time.Now().Add(time.Hour), source, []PromptPath{WholeBody}); !errors.Is(err, ErrTextGrows) {
		t.Errorf("a text that grows: %v", err)
	}
	body["prompt"] = strings.Repeat("é", 300_000)
	if _, err := Prompts(t.Context(), time.Now(), source, []PromptPath{WholeBody}); !errors.Is(err, ErrTextTakesLong) {
		t.Errorf("a text that takes long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Prompts(ctx, time.Now().Add(time.Hour), source, []PromptPath{WholeBody}); !errors.Is(err, context.Canceled) {
		t.Errorf("a text that nobody waits for: %v", err)
	}
}

func TestAFunctionGivesUpATextThatGrows(t *testing.T) {
	for _, call := range []string{`gate.normalise(input.body.x)`, `gate.terms("x", input.body.x)`} {
		p := compiled(t, map[string]string{"gate.rego": strings.TrimSpace(strings.Replace(allowing, "input.complete", "{\n\tinput.complete\n\tcount("+call+") >= 0\n}", 1)), "data.yaml": "terms: {x: [rose]}"})
		_, err := p.Decide(t.Context(), &Input{Body: map[string]any{"x": strings.Repeat("\ufdfa", 100_000)}})
		if !errors.Is(err, ErrTextGrows) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestANameIsComparedAsItIsFolded(t *testing.T) {
	letter := rapid.RuneFrom([]rune("aAkKſsS\u212aıİiI-_é"))
	rapid.Check(t, func(t *rapid.T) {
		name, other := rapid.StringOf(letter).Draw(t, "name"), rapid.StringOf(letter).Draw(t, "other")
		folded := foldName(other)
		if got, want := isFolded(name, folded), foldName(name) == folded; got != want {
			t.Errorf("isFolded(%q, %q) = %t", name, folded, got)
		}
	})
}
