package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func request(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
}

func TestBodyIsReadOnceAndRewoundForEachAttempt(t *testing.T) {
	x, r := New("1"), request("hello")
	for range 3 {
		got, err := x.Body(r, 10)
		if err != nil || string(got) != "hello" {
			t.Fatalf("Body = %q, %v", got, err)
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != "hello" || r.ContentLength != 5 {
			t.Fatalf("attempt read %q (%d), %v", sent, r.ContentLength, err)
		}
	}
}

func TestBodyOverTheLimitIsRefused(t *testing.T) {
	unknownLength := request(strings.Repeat("x", 11))
	unknownLength.ContentLength = -1
	capped := request(strings.Repeat("x", 11))
	capped.Body = http.MaxBytesReader(httptest.NewRecorder(), capped.Body, 4)
	capped.ContentLength = -1
	for name, r := range map[string]*http.Request{
		"announced": request(strings.Repeat("x", 11)), "chunked": unknownLength, "capped before us": capped,
	} {
		if _, err := New("1").Body(r, 10); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: err = %v, want ErrTooLarge", name, err)
		}
	}
}

func TestBodyAtTheLimitIsTaken(t *testing.T) {
	if _, err := New("1").Body(request(strings.Repeat("x", 10)), 10); err != nil {
		t.Fatal(err)
	}
}

func TestASmallerLimitLaterStillHolds(t *testing.T) {
	x, r := New("1"), request("hello")
	if _, err := x.Body(r, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Body(r, 4); !errors.Is(err, ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

func TestTheRestOfABodyIsNotTheBody(t *testing.T) {
	for name, test := range map[string]struct {
		body io.Reader
		want error
	}{
		"too large": {strings.NewReader("0123456789tail"), ErrTooLarge},
		"broken":    {iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("0tail"))), iotest.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			x, r := New("1"), httptest.NewRequest(http.MethodPost, "/", test.body)
			r.ContentLength = -1
			for range 2 {
				if body, err := x.Body(r, 9); !errors.Is(err, test.want) {
					t.Errorf("Body = %q, %v, want %v", body, err, test.want)
				}
			}
			if x.Read() {
				t.Error("counts as read")
			}
		})
	}
}

func TestJSONIsStrict(t *testing.T) {
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
		"nested too deep":     strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
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
		"too many values":     "[" + strings.Repeat("1,", MaxValues-1) + "1]",
	}
	for name, body := range refused {
		t.Run(name, func(t *testing.T) {
			if _, err := parsed(t, body).JSON(); !errors.Is(err, ErrMalformed) {
				t.Errorf("JSON() error = %v, want ErrMalformed", err)
			}
		})
	}
}

func TestNumbersOfA64BitFloatAreTaken(t *testing.T) {
	for _, number := range []string{"0", "-0.0", "0e-400", "0.000e1", "-1.5e308", "1E+2", "18446744073709551615", "5e-324", "0.1e-300"} {
		if got, err := parsed(t, number).JSON(); err != nil || got != json.Number(number) {
			t.Errorf("%s: %v, %v", number, got, err)
		}
	}
}

func TestJSONNeverQuotesTheBody(t *testing.T) {
	_, err := parsed(t, `{"secret-name":1,"secret-name":2}`).JSON()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("err = %v", err)
	}
}

func TestJSONKeepsEveryDigit(t *testing.T) {
	got, err := parsed(t, `{"seed":9007199254740993,"list":[null,true,"x",1.50]}`).JSON()
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

func TestCanonicalIsTheSameForBodiesThatSayTheSame(t *testing.T) {
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
		got, err := parse(body)
		if err != nil {
			t.Fatalf("parse(%s): %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2,{"b":null}]}`, `"\ud83d\ude00"`, `[[[[`, `{"a":1,"a":2}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := parse(body); err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("an error that is not ErrMalformed: %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what the standard library refuses: %q", body)
		}
	})
}

func parsed(t *testing.T, body string) *Exchange {
	t.Helper()
	x := New("1")
	if _, err := x.Body(request(body), 4<<20); err != nil {
		t.Fatal(err)
	}
	return x
}

func canonical(t *testing.T, body string) string {
	t.Helper()
	got, err := parsed(t, body).Canonical()
	if err != nil {
		t.Fatalf("canonical(%s): %v", body, err)
	}
	return string(got)
}

func anyValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(anyValue(depth-1), 0, 4).AsAny(),
		rapid.MapOfN(rapid.StringMatching(`[a-zé0-9_"\\ -]*`), anyValue(depth-1), 0, 4).AsAny())...)
}

func TestNoTwoPrincipalsShareAKey(t *testing.T) {
	seen := make(map[string]Principal)
	for _, authority := range []string{"", "a", "a|b"} {
		for _, tenant := range []string{"", "a", "a|b"} {
			for _, id := range []string{"bob", "a|bob", "b|bob"} {
				p := Principal{ID: id, Authority: authority, Tenant: tenant}
				if other, taken := seen[p.Key()]; taken {
					t.Errorf("%+v and %+v share a key", p, other)
				}
				seen[p.Key()] = p
			}
		}
	}
}
