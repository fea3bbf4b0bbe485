package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/strictjson"
)

func isError(err error) bool {
	_, ok := errors.AsType[*strictjson.Error](err)
	return ok
}

func TestAnErrorOfUnmarshalSaysWhatIsWrongWhere(t *testing.T) {
	for text, want := range map[string]strictjson.Error{
		``:                      {Reason: "it ends too early, at byte 0"},
		`{"a":`:                 {Reason: "it ends too early, at byte 5", Offset: 5},
		`{"a":1} x`:             {Reason: "bad syntax or UTF-8 at byte 8", Offset: 8},
		`{"in":{"a":1,"a":2}}`:  {Reason: "a name occurs twice in the object before byte 13", Member: "/in/a", Offset: 13},
		`{"in":{"b":1}}`:        {Reason: "unknown field", Member: "/in/b", Offset: 7},
		`{"in":{"a":"secret"}}`: {Reason: "a value of the wrong type or form", Member: "/in/a", Offset: 11},
	} {
		t.Run(text, func(t *testing.T) {
			var into struct {
				A  int `json:"a"`
				In struct {
					A int `json:"a"`
				} `json:"in"`
			}
			err := strictjson.Unmarshal([]byte(text), &into, jsonv2.RejectUnknownMembers(true))
			got, ok := errors.AsType[*strictjson.Error](err)
			if !ok || *got != want {
				t.Errorf("%#v, want %#v", got, want)
			}
		})
	}
}

func TestParseIsStrict(t *testing.T) {
	refused := map[string]string{
		"empty":               ``,
		"white space only":    "  \n",
		"truncated":           `{"a":`,
		"duplicate name":      `{"a":1,"a":2}`,
		"escaped duplicate":   `{"a":1,"\u0061":2}`,
		"bad UTF-8":           "\"\xff\"",
		"lone surrogate":      `"\ud800"`,
		"second value":        `{} {}`,
		"trailing comma":      `[1,]`,
		"comment":             `{} // x`,
		"single quotes":       `{'a':1}`,
		"NaN":                 `NaN`,
		"nested too deep":     strings.Repeat("[", strictjson.MaxDepth+1) + strings.Repeat("]", strictjson.MaxDepth+1),
		"a million brackets":  strings.Repeat("[", 1<<20),
		"leading zero number": `01`,
		"another case":        `{"prompt":1,"a":2,"Prompt":3}`,
		"another case inside": `[{"a":{"kind":1,"\u212aind":2}}]`,
		"long s":              `{"messages":1,"me\u017f\u017fages":2}`,
		"dotless i":           `{"input":1,"\u0131nput":2}`,
		"other alphabets":     `{"σ":1,"ς":2}`,
		"NUL in a name":       `{"prompt":1,"prompt\u0000":2}`,
		"byte order mark":     "\uFEFF{}",
		"UTF-16":              "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00",
		"NUL behind":          "{}\x00",
		"infinite number":     `1e999`,
		"endless exponent":    `1e-1000001`,
		"exponent of zero":    `0e-999999`,
		"number next to zero": `[-0.01e-399]`,
		"long number":         strings.Repeat("9", 65),
		"too many values":     "[" + strings.Repeat("1,", strictjson.MaxValues-1) + "1]",
	}
	for name, body := range refused {
		t.Run(name, func(t *testing.T) {
			if _, err := strictjson.Parse([]byte(body)); !isError(err) {
				t.Errorf("error %v, want an Error", err)
			}
		})
	}
}

func TestNumbersOfA64BitFloatAreTaken(t *testing.T) {
	for _, number := range []string{"0", "-0.0", "0e-400", "0.000e1", "-1.5e308", "1E+2", "18446744073709551615", "5e-324", "0.1e-300"} {
		if got, err := strictjson.Parse([]byte(number)); err != nil || got != json.Number(number) {
			t.Errorf("%s: %v, %v", number, got, err)
		}
	}
}

func TestErrorsNeverQuoteTheText(t *testing.T) {
	_, err := strictjson.Parse([]byte(`{"secret-name":1,"secret-name":2}`))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("err = %v", err)
	}
}

func TestParseKeepsEveryDigit(t *testing.T) {
	got, err := strictjson.Parse([]byte(`{"seed":9007199254740993,"list":[null,true,"x",1.50]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"seed": json.Number("9007199254740993"),
		"list": []any{nil, true, "x", json.Number("1.50")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCanonicalIsTheSameForTextsThatSayTheSame(t *testing.T) {
	same := []string{`{"b":1.0,"a":"é"}`, ` { "a" : "\u00e9", "b" : 1 } `, `{"a":"é","b":1e0}`}
	want := canonical(t, same[0])
	for _, body := range same[1:] {
		if got := canonical(t, body); got != want {
			t.Errorf("canonical(%s) = %s, want %s", body, got, want)
		}
	}
	if canonical(t, `{"seed":9007199254740993}`) == canonical(t, `{"seed":9007199254740992}`) {
		t.Error("two seeds fell together")
	}
}

func TestTheCanonicalFormIsThatOfRFC8785(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(anyValue(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		want := jsontext.Value(bytes.Clone(body))
		if err := want.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
			t.Fatal(err)
		}
		value, err := strictjson.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := strictjson.AppendCanonical(nil, value); !bytes.Equal(got, want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestParsingAgreesWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(anyValue(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		var want any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got, err := strictjson.Parse(body)
		if err != nil {
			t.Fatalf("parse(%s): %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestATextIsReadAsIfItWereTheFirst(t *testing.T) {
	pieces := rapid.SampledFrom([]string{`{`, `}`, `[`, `]`, `"a"`, `"A"`, `"\u0061"`, `:`, `,`, `1`, `1e999`, `"`, "\xff", ` `, `{"a":1,"b":[2]}`, `{"a":1,"a":2}`})
	rapid.Check(t, func(t *rapid.T) {
		for range 3 {
			text := []byte(strings.Join(rapid.SliceOfN(pieces, 0, 8).Draw(t, "pieces"), ""))
			before := bytes.Clone(text)
			got, err := strictjson.Parse(text)
			want, wantErr := strictjson.ParseAnew(text)
			if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%s: got %v, %v; want %v, %v", text, got, err, want, wantErr)
			}
			if !bytes.Equal(text, before) {
				t.Fatalf("%s became %s", before, text)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2,{"b":null}]}`, `"\ud83d\ude00"`, `[[[[`, `{"a":1,"a":2}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := strictjson.Parse(body); err != nil {
			if !isError(err) {
				t.Fatalf("an error that is not an Error: %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what the standard library refuses: %q", body)
		}
	})
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	value, err := strictjson.Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse(%s): %v", text, err)
	}
	return string(strictjson.AppendCanonical(nil, value))
}

func anyValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(anyValue(depth-1), 0, 4).AsAny(),
		rapid.MapOfN(rapid.StringMatching(`[a-zé0-9_"\\ -]*`), anyValue(depth-1), 0, 4).AsAny())...)
}
