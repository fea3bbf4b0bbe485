package configtext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

var formats = map[string]func([]byte) ([]byte, error){"yaml": FromYAML, "toml": FromTOML, "jsonc": FromJSONC}

func TestWhatATextMeans(t *testing.T) {
	t.Setenv("CONFIGTEXT_TEST_PORT", "8443")
	for _, test := range []struct{ name, format, text, want string }{
		{"a mapping", "yaml", "a: {b: [1, x]}", `{"a":{"b":[1,"x"]}}`},
		{"numbers stay exact", "yaml", "a: 9007199254740993\nb: 1.10\nc: 0x1F\nd: 1_000", `{"a":9007199254740993,"b":1.10,"c":31,"d":1000}`},
		{"truth and nothing", "yaml", "a: true\nb: ~\nc: yes", `{"a":true,"b":null,"c":"yes"}`},
		{"a time is a text", "yaml", "a: 2026-11-30", `{"a":"2026-11-30"}`},
		{"a duration is a text", "yaml", "a: 10m", `{"a":"10m"}`},
		{"a number as a key", "yaml", "8443: x", `{"8443":"x"}`},
		{"aliases", "yaml", "a: &x {b: 1}\nc: *x", `{"a":{"b":1},"c":{"b":1}}`},
		{"merge keys give way", "yaml", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", `{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}`},
		{"a variable", "yaml", `a: ":{$CONFIGTEXT_TEST_PORT}"`, `{"a":":8443"}`},
		{"a default", "yaml", `a: "{$CONFIGTEXT_TEST_NONE:localhost:80}"`, `{"a":"localhost:80"}`},
		{"no variable", "yaml", `a: "{http.request.host} {env.X}"`, `{"a":"{http.request.host} {env.X}"}`},
		{"a table", "toml", "[a]\nb = [1, \"x\"]", `{"a":{"b":[1,"x"]}}`},
		{"an array of tables", "toml", "[[a]]\nb = 1\n[[a]]\nb = 2", `{"a":[{"b":1},{"b":2}]}`},
		{"a variable in TOML", "toml", `a = "{$CONFIGTEXT_TEST_PORT}"`, `{"a":"8443"}`},
		{"times of TOML", "toml", "a = 2026-11-30\nb = 10:00:00\nc = 2026-11-30T10:00:00Z", `{"a":"2026-11-30","b":"10:00:00","c":"2026-11-30T10:00:00Z"}`},
		{"comments and trailing commas", "jsonc", "// why\n{\"a\": [1, /* two */ 2,],}", `{"a":[1,2]}`},
		{"a variable in JSON", "jsonc", `{"a": "{$CONFIGTEXT_TEST_PORT}"}`, `{"a":"8443"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := formats[test.format]([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, []byte(test.want)), decode(t, got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFaultIsToldWithItsPlace(t *testing.T) {
	for _, test := range []struct{ format, text, want string }{
		{"yaml", "", "line 1: the file is empty"},
		{"yaml", "# nothing\n", "line 1: the file is empty"},
		{"yaml", "a:\n  b: [1", "line 2: did not find expected ',' or ']'"},
		{"yaml", "a:\n  - b: 1\n   c: 2\n", "line 2: did not find expected '-' indicator"},
		{"yaml", "a: b\nc: d: e\n", "line 2: mapping values are not allowed in this context"},
		{"yaml", "a: 1\nb: 2\na: 3", `line 3, column 1: "a" is here a second time; the first is in line 1`},
		{"yaml", "a: 1\n---\nb: 2", "line 2, column 1: a second document: a configuration is one"},
		{"yaml", "a: .inf", `line 1, column 4: ".inf": JSON has no such number`},
		{"yaml", "[a]: 1", "line 1, column 1: a key has to be a text"},
		{"yaml", "a: &x [*x]", "line 1, column 8: *x is inside of what it names"},
		{"yaml", "a: {<<: 1}", "line 1, column 5: << takes a mapping, or a list of mappings"},
		{"yaml", "a: !!binary aGk=", "line 1, column 4: binary data: write it as a text, in the encoding that the option takes"},
		{"toml", "", "line 1: the file is empty"},
		{"toml", "a = 1\nb = ", "line 2, column 4: unexpected EOF; expected value"},
		{"toml", "[a]\nb = 1\nb = 2", "line 3, column 7: Key 'a.b' has already been defined."},
		{"toml", "[a]\nb = [0.5, nan]", "/a/b/1: JSON has no such number"},
		{"jsonc", " ", "line 1: the file is empty"},
		{"jsonc", "{\n  \"a\": ]\n}", "line 2, column 8: invalid character ']' at start of value"},
		{"jsonc", "{\n  \"a\": 1,\n  \"a\": 2\n}", `line 3, column 3: "a" is here a second time`},
	} {
		_, err := formats[test.format]([]byte(test.text))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s %q: %v\nwant: %s", test.format, test.text, err, test.want)
		}
	}
}

func TestAliasesCannotFillTheMemory(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i, i)
	}
	_, err := FromYAML(text.Bytes())
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("a document of %d bytes: %v", text.Len(), err)
	}
}

func TestEveryFormatMeansTheSame(t *testing.T) {
	write := map[string]func(any) ([]byte, error){
		"yaml": yaml.Marshal,
		"toml": func(tree any) ([]byte, error) {
			var text bytes.Buffer
			err := toml.NewEncoder(&text).Encode(tree)
			return text.Bytes(), err
		},
		"jsonc": func(tree any) ([]byte, error) {
			text, err := json.MarshalIndent(tree, "", "  ")
			return append([]byte("// all of it\n"), text...), err
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(3).Draw(t, "tree")
		want, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		for format, write := range write {
			text, err := write(tree)
			if err != nil {
				t.Fatal(err)
			}
			got, err := formats[format](text)
			if err != nil {
				t.Fatalf("%s: %v\n%s", format, err, text)
			}
			if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
				t.Fatalf("%s: %s\n%s", format, diff, text)
			}
		}
	})
}

// trees draws what a configuration can be: TOML has no null, and an array of
// tables is one of tables only.
func trees(depth int) *rapid.Generator[map[string]any] {
	names := rapid.StringMatching(`[a-z][a-z0-9_.@/ -]{0,8}`)
	values := rapid.OneOf(
		rapid.StringMatching(`[ -z]{0,12}`).AsAny(),
		rapid.Int64().AsAny(), rapid.Bool().AsAny(),
		rapid.SliceOfN(rapid.StringMatching(`[ -z]{0,5}`), 0, 3).AsAny(),
	)
	if depth > 0 {
		values = rapid.OneOf(values, rapid.Deferred(func() *rapid.Generator[any] { return trees(depth - 1).AsAny() }))
	}
	return rapid.MapOfN(names, values, 1, 4)
}

func decode(t rapid.TB, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return tree
}

func FuzzFromYAML(f *testing.F) {
	fuzz(f, FromYAML, "a: {b: [1, x]}", "a: &x 1\nb: *x", "- <<: {a: 1}")
}
func FuzzFromTOML(f *testing.F)  { fuzz(f, FromTOML, "a = 1\n[b]\nc = [1.5, 2]", "a = 2026-11-30") }
func FuzzFromJSONC(f *testing.F) { fuzz(f, FromJSONC, `{"a": [1, /* x */ 2,],}`, `{"a": "{$A:b}"}`) }

// fuzz looks for texts that give what is no JSON.
func fuzz(f *testing.F, read func([]byte) ([]byte, error), seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := read(text); err == nil && !json.Valid(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
