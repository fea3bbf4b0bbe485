package promptpolicy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSnapshotHashIsOfWhatBelongs(t *testing.T) {
	files := map[string]string{"gate.rego": allowing, "x/data.yaml": "a: 1", "schemas/x.json": "{}"}
	base := snapshot(t, files)
	if same := snapshot(t, files); same.Hash != base.Hash {
		t.Error("equal directories have different hashes")
	}
	for name, content := range map[string]string{"README.md": "x", ".hidden.rego": "x", ".git/x.rego": "x", "other.json": "{}"} {
		other := map[string]string{name: content, "gate.rego": allowing, "x/data.yaml": "a: 1", "schemas/x.json": "{}"}
		if snapshot(t, other).Hash != base.Hash {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, content := range map[string]string{"new.rego": "x", "x/data.yaml": "a: 2", "y/data.json": "{}", "schemas/y.json": "{}"} {
		other := map[string]string{"gate.rego": allowing, "x/data.yaml": "a: 1", "schemas/x.json": "{}"}
		other[name] = content
		if snapshot(t, other).Hash == base.Hash {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func TestSnapshotIsBounded(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	write(t, dir, map[string]string{strings.Repeat("d/", maxDirDepth+2) + "x.rego": allowing})
	_, err := ReadSnapshot(dir)
	wantError(t, err, "nested deeper")

	loop := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	if err := os.Symlink(".", filepath.Join(loop, "loop")); err != nil {
		t.Fatal(err)
	}
	_, err = ReadSnapshot(loop)
	wantError(t, err, "nested deeper")

	large := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	if err := os.Truncate(filepath.Join(large, "gate.rego"), maxTotalBytes+1); err != nil {
		t.Fatal(err)
	}
	_, err = ReadSnapshot(large)
	wantError(t, err, "MiB")
}

func lexiconOf(t interface {
	Helper()
	Fatal(...any)
}, terms ...any) *lexicon {
	t.Helper()
	lex, err := loadTerms(map[string]any{termsRoot: map[string]any{"x": terms}})
	if err != nil {
		t.Fatal(err)
	}
	return lex
}

func scan(lex *lexicon, text string) findings {
	found, err := lex.scan(text, func() bool { return false })
	if err != nil {
		panic(err)
	}
	return found
}

func found(lex *lexicon, text string) []string {
	var names []string
	for _, term := range scan(lex, text)["x"] {
		names = append(names, strings.Trim(term.String(), `"`))
	}
	return names
}

func TestTermsAreFoundAsWords(t *testing.T) {
	terms := lexiconOf(t, "nerve agent", "agent", "TNT", "synthes*", "c-4", "神経剤", "café")
	for text, want := range map[string][]string{
		"":                           nil,
		"a nerve agent":              {"nerve agent", "agent"},
		"Nerve-Agent!":               {"nerve agent", "agent"},
		"nerve\n agent":              {"nerve agent", "agent"},
		"nerve, agent":               {"nerve agent", "agent"},
		"nerves agent":               {"agent"},
		"reagent":                    nil,
		"agents":                     nil,
		"tnt":                        {"TNT"},
		"(TNT)":                      {"TNT"},
		"tnts":                       nil,
		"ＴＮＴ":                        {"TNT"},
		"synthesise it":              {"synthes*"},
		"photosynthesis":             nil,
		"C4":                         nil,
		"C 4":                        {"c-4"},
		"神経剤":                        {"神経剤"},
		"the cafe":                   {"café"},
		"agent agent agent":          {"agent"},
		"tnt agent":                  {"TNT", "agent"},
		strings.Repeat("rose ", 900): nil,
	} {
		if got := found(terms, text); !slices.Equal(got, want) {
			t.Errorf("in %.30q: %q, want %q", text, got, want)
		}
	}
}

func TestTermOfSeveralSetsIsFoundInEach(t *testing.T) {
	lex, err := loadTerms(map[string]any{termsRoot: map[string]any{
		"a": []any{"nerve agent", "Nerve-Agent"}, "b": []any{"NERVE AGENT", "rose"}, "c": []any{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(scan(lex, "nerve agent"))
	if want := `map[a:["nerve agent"] b:["NERVE AGENT"]]`; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if !lex.sets["c"] {
		t.Error("an empty set is unknown")
	}
}

func TestTermsEqualANaiveSearch(t *testing.T) {
	word := rapid.StringMatching(`[ab]{1,3}`)
	phrase := rapid.Custom(func(t *rapid.T) string {
		stem := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "words"), " ")
		return stem + rapid.SampledFrom([]string{"", "*"}).Draw(t, "open")
	})
	rapid.Check(t, func(t *rapid.T) {
		phrases := rapid.SliceOfNDistinct(phrase, 1, 6, rapid.ID[string]).Draw(t, "phrases")
		text := strings.Join(rapid.SliceOf(word).Draw(t, "text"), rapid.SampledFrom([]string{" ", "-", ", "}).Draw(t, "separator"))
		items := make([]any, len(phrases))
		var want []string
		for i, phrase := range phrases {
			items[i] = phrase
			if naive(phrase, text) {
				want = append(want, phrase)
			}
		}
		lex, err := loadTerms(map[string]any{termsRoot: map[string]any{"x": items}})
		if err != nil {
			t.Fatal(err)
		}
		got := found(lex, text)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("in %q: %q, want %q", text, got, want)
		}
	})
}

// naive looks for a phrase at every word.
func naive(phrase, text string) bool {
	stem, open := strings.CutSuffix(phrase, "*")
	want := strings.Fields(stem)
	words := strings.FieldsFunc(text, func(r rune) bool { return r != 'a' && r != 'b' })
	for i := 0; i+len(want) <= len(words); i++ {
		match := true
		for j, w := range want {
			last := j == len(want)-1
			match = match && (words[i+j] == w || open && last && strings.HasPrefix(words[i+j], w))
		}
		if match {
			return true
		}
	}
	return false
}

func FuzzTerms(f *testing.F) {
	f.Add("nerve agent", "a Nerve-Agent?")
	f.Add("*", "\xff")
	f.Fuzz(func(t *testing.T, term, text string) {
		lex, err := loadTerms(map[string]any{termsRoot: map[string]any{"x": []any{term}}})
		if err != nil {
			return
		}
		if len(scan(lex, "a "+term+" b")) != 1 && !strings.HasSuffix(term, "*") {
			t.Errorf("%q is not found in itself", term)
		}
		scan(lex, text)
	})
}

func TestTermsAreBounded(t *testing.T) {
	long := strings.Repeat("a", maxTermBytes+1)
	_, err := loadTerms(map[string]any{termsRoot: map[string]any{"x": []any{long}}})
	wantError(t, err, "KiB of terms")
}

func TestPromptPathMustBeAPointer(t *testing.T) {
	for _, pointer := range []string{"", "prompt", "$.prompt", "/a~2b", "/a~"} {
		if _, err := ParsePromptPath(pointer); err == nil {
			t.Errorf("%q was taken", pointer)
		}
	}
}

func TestSchemaMessages(t *testing.T) {
	for schema, tc := range map[string]struct{ body, want string }{
		`{"exclusiveMinimum": 0}`:                       {`0`, "must be more than 0"},
		`{"exclusiveMaximum": 1.5}`:                     {`2`, "must be less than 1.5"},
		`{"multipleOf": 5}`:                             {`3`, "must be a multiple of 5"},
		`{"enum": ["a", "b"]}`:                          {`"c"`, `must be one of "a", "b"`},
		`{"const": "a"}`:                                {`"c"`, `must be "a"`},
		`{"pattern": "^a"}`:                             {`"c"`, "must match the pattern ^a"},
		`{"format": "email"}`:                           {`"c"`, "must be a valid email"},
		`{"minItems": 1}`:                               {`[]`, "must have at least 1 items, not 0"},
		`{"maxItems": 0}`:                               {`[1]`, "must have at most 0 items, not 1"},
		`{"type": ["string", "null"]}`:                  {`1`, "must be of type null or string, not number"},
		`{"anyOf": [{"type": "string"}]}`:               {`true`, "must be of type string, not boolean"},
		`{"uniqueItems": true}`:                         {`[1, 1]`, "items at 0 and 1 are equal"},
		`{"properties": {"a": false}}`:                  {`{"a": 1}`, "false schema"},
		`{"$ref": "#/$defs/x", "$defs": {"x": false}}`:  {`1`, "false schema"},
		`{"type": "object", "minProperties": 1}`:        {`{}`, "minProperties: got 0, want 1"},
		`{"type": "array", "contains": {"const": "x"}}`: {`["y"]`, `must be "x"`},
	} {
		p, err := admit(t, map[string]string{"gate.rego": allowing, "schemas/x.json": schema})
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		compiled, _ := p.Schema("schemas/x.json")
		var body any
		decoder := json.NewDecoder(strings.NewReader(tc.body))
		decoder.UseNumber()
		if err := decoder.Decode(&body); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(compiled.Validate(body)); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s, want %q", schema, got, tc.want)
		}
	}
}

func TestFaultsRoundTripThroughErrors(t *testing.T) {
	faults := Faults{{File: "a.rego", Line: 3, Message: "m"}, {File: "b.json", Message: "n"}, {Message: "o"}}
	if got, want := faults.Error(), "a.rego:3: m; b.json: n; o"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if got := FaultsOf(fmt.Errorf("loading: %w", faults)); !reflect.DeepEqual(got, faults) {
		t.Errorf("FaultsOf = %v", got)
	}
	if got := FaultsOf(os.ErrNotExist); len(got) != 1 || got[0].Message != "file does not exist" {
		t.Errorf("FaultsOf = %v", got)
	}
}
