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
	lex, err := loadLexicon(map[string]any{termsRoot: map[string]any{"x": terms}})
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

func TestTermOfSeveralSetsIsFoundInEach(t *testing.T) {
	lex, err := loadLexicon(map[string]any{termsRoot: map[string]any{
		"a": []any{"nerve agent", "Nerve-Agent"}, "b": []any{"NERVE AGENT", "rose"}, "c": []any{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(scan(lex, "nerve agent"))
	if want := `map[a:["nerve agent"] b:["NERVE AGENT"]]`; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if _, known := lex.sets["c"]; !known {
		t.Error("an empty set is unknown")
	}
}

func FuzzTerms(f *testing.F) {
	f.Add("nerve agent", "a Nerve-Agent?")
	f.Add("*", "\xff")
	f.Fuzz(func(t *testing.T, term, text string) {
		lex, err := loadLexicon(map[string]any{termsRoot: map[string]any{"x": []any{term}}})
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
	many := slices.Repeat([]any{strings.Repeat("abc ", 250)}, maxTermBytes/1000+1)
	_, err := loadLexicon(map[string]any{termsRoot: map[string]any{"x": many}})
	wantError(t, err, "KiB of terms, more than 1024")

	_, err = loadLexicon(map[string]any{termsRoot: map[string]any{"x": []any{"rose", "-"}}})
	wantError(t, err, `data.terms.x has item 1, "-", without a letter or digit`)
}

func TestTenThousandTermsAreFound(t *testing.T) {
	many := make([]any, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("%d-methyl-%d-phenylpropan-%d-one", i, i/7, i%10)
	}
	if got := found(lexiconOf(t, many...), "like 9998-methyl-1428-phenylpropan-8-one"); !slices.Equal(got, []string{many[9998].(string)}) {
		t.Errorf("found %q", got)
	}
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
