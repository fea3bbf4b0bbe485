package figure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestANumberIsFoundWhereThePointerLeads(t *testing.T) {
	for _, tc := range []struct {
		pointer, text string
		want          int64 // -1 for none
	}{
		{"/usage/total_tokens", `{"usage": {"prompt_tokens": 5, "total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"usage":{"total_tokens":42},"total_tokens":7}`, 42},
		{"/usage/total_tokens", `{"total_tokens": 7, "a": {"usage": {"total_tokens": 8}}, "usage": 3}`, -1},
		{"/usage/total_tokens", `{"choices": [{"usage": {"total_tokens": 8}}], "usage": {"total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"usage": {"detail": {"total_tokens": 8}, "total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"usage": null}`, -1},
		{"/usage/total_tokens", `{"usage": {"total_tokens": "42"}}`, -1},
		{"/usage/total_tokens", `{"usage": {"total_tokens": null}}`, -1},
		{"/usage/total_tokens", `{"usage": {"total_tokens": [42]}}`, -1},
		{"/usage/total_tokens", `{"text": "\"usage\": {\"total_tokens\": 8}", "usage": {"total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"text": "\\", "usage": {"total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"us\u0061ge": {"total_tokens": 42}}`, 42},
		{"/usage/total_tokens", `{"usage": {"total_tokens": 1}} {"usage": {"total_tokens": 42}}` + "\n" + `{"usage": null}`, 42},
		{"/usage/total_tokens", `{"usage": {"total_tokens": 42}`, 42},
		{"/usage/total_tokens", `{"usage": {"total_tokens": 42`, -1},
		{"/usage/total_tokens", "", -1},
		{"/usage/total_tokens", `}]},:42`, -1},
		{"/a", `{"a": 1.5}`, 2},
		{"/a", `{"a": 1e3}`, 1000},
		{"/a", `{"a": 1e300}`, math.MaxInt64},
		{"/a", `{"a": 0}`, 0},
		{"/a", `{"a": -1}`, -1},
		{"/a", `{"a": 1` + strings.Repeat("0", 100) + `}`, -1},
		{"/a/1/b", `{"a": [{"b": 1}, {"b": 42}, {"b": 3}]}`, 42},
		{"/a/1", `{"a": [[9, 9], 42, 3]}`, 42},
		{"/a/1", `{"a": {"1": 42}}`, 42},
		{"/1", `[1, 42, 3]`, 42},
		{"/a~1b/m~0n", `{"a/b": {"m~n": 42}}`, 42},
		{"/a", strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `{"a": 42}`, -1},
		{"/a", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `{"a": 42}`, 42},
	} {
		t.Run(tc.pointer+" "+tc.text[:min(len(tc.text), 60)], func(t *testing.T) {
			whole, bytewise := NewJSON(tc.pointer), NewJSON(tc.pointer)
			whole.Write([]byte(tc.text))
			for i := range len(tc.text) {
				bytewise.Write([]byte{tc.text[i]})
			}
			for name, j := range map[string]*JSON{"in one piece": whole, "byte by byte": bytewise} {
				if n, known := j.Value(); known != (tc.want >= 0) || known && n != tc.want {
					t.Errorf("%s: %d, known %v; want %d", name, n, known, tc.want)
				}
			}
		})
	}
}

func TestTheLastEventThatHasTheNumberCounts(t *testing.T) {
	const pointer = "/usage/total_tokens"
	for name, tc := range map[string]struct {
		stream string
		want   int64 // -1 for none
	}{
		"OpenAI": {"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n" +
			"data: {\"choices\":[],\"usage\":{\"total_tokens\":42}}\n\ndata: [DONE]\n\n", 42},
		"a figure in each":            {"data: {\"usage\":{\"total_tokens\":41}}\n\ndata: {\"usage\":{\"total_tokens\":42}}\n\n", 42},
		"carriage returns":            {"data: {\"usage\":\rdata: {\"total_tokens\":42}}\r\r", 42},
		"both ends of lines":          {"event: a\r\ndata: {\"usage\":\r\ndata: {\"total_tokens\":42}}\r\n\r\n", 42},
		"no space":                    {"data:{\"usage\":{\"total_tokens\":42}}\n\n", 42},
		"other fields":                {"id: 1\nevent: {\"usage\":{\"total_tokens\":1}}\n: a comment\ndatax: {\ndata\ndata: {\"usage\":{\"total_tokens\":42}}\n\n", 42},
		"an event of half a text":     {"data: {\"a\": \"\n\ndata: {\"usage\":{\"total_tokens\":42}}\n\n", 42},
		"halves of two events":        {"data: {\"usage\":\n\ndata: {\"total_tokens\":42}}\n\n", -1},
		"none":                        {"data: [DONE]\n\n", -1},
		"a figure in no data":         {"usage: {\"usage\":{\"total_tokens\":42}}\n\n", -1},
		"a stream that ends too soon": {"data: {\"usage\":{\"total_tokens\":41}}\n\ndata: {\"usage\":{\"total_to", 41},
	} {
		t.Run(name, func(t *testing.T) {
			whole, bytewise := NewEvents(pointer), NewEvents(pointer)
			whole.Write([]byte(tc.stream))
			for i := range len(tc.stream) {
				bytewise.Write([]byte{tc.stream[i]})
			}
			for name, e := range map[string]*Events{"in one piece": whole, "byte by byte": bytewise} {
				if n, known := e.Value(); known != (tc.want >= 0) || known && n != tc.want {
					t.Errorf("%s: %d, known %v; want %d", name, n, known, tc.want)
				}
			}
		})
	}
}

// TestJSONAgreesWithAParser compares what is found in random texts with what a
// parser finds there.
func TestJSONAgreesWithAParser(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "0", "1", "ü", `"`, `\`, "~", "/"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		kinds := []*rapid.Generator[any]{
			rapid.Custom(func(t *rapid.T) any { return rapid.IntRange(0, 99).Draw(t, "number") }),
			rapid.Custom(func(t *rapid.T) any { return rapid.StringMatching(`[ab{}\[\]",:\\0-9]{0,8}`).Draw(t, "text") }),
			rapid.Just[any](nil), rapid.Just[any](true),
		}
		if depth > 0 {
			kinds = append(kinds,
				rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "items") }),
				rapid.Custom(func(t *rapid.T) any { return rapid.MapOfN(names, value(depth-1), 0, 4).Draw(t, "members") }))
		}
		return rapid.OneOf(kinds...)
	}
	rapid.Check(t, func(t *rapid.T) {
		root := rapid.MapOfN(names, value(4), 0, 4).Draw(t, "root")
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indented") {
			var b bytes.Buffer
			if err := json.Indent(&b, text, "", " "); err != nil {
				t.Fatal(err)
			}
			text = b.Bytes()
		}
		path := rapid.SliceOfN(names, 1, 3).Draw(t, "path")
		pointer := ""
		for _, name := range path {
			pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		}
		j := NewJSON(pointer)
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			j.Write(rest[:n])
			rest = rest[n:]
		}
		want, exists := at(root, path)
		if n, known := j.Value(); known != exists || known && n != want {
			t.Errorf("%s in %s: %d, known %v; want %d, %v", pointer, text, n, known, want, exists)
		}
	})
}

// at returns the number to which a path leads.
func at(value any, path []string) (int64, bool) {
	if len(path) == 0 {
		n, ok := value.(int)
		return int64(n), ok
	}
	switch v := value.(type) {
	case map[string]any:
		member, ok := v[path[0]]
		if !ok {
			return 0, false
		}
		return at(member, path[1:])
	case []any:
		var i int
		if _, err := fmt.Sscanf(path[0], "%d", &i); err != nil || i >= len(v) {
			return 0, false
		}
		return at(v[i], path[1:])
	}
	return 0, false
}

func TestReadingAllocatesNothing(t *testing.T) {
	e := NewEvents("/usage/total_tokens")
	piece := []byte("data: {\"choices\":[{\"delta\":{\"content\":\"rose\"}}],\"usage\":{\"total_tokens\":7}}\n\n")
	e.Write(piece)
	if n := testing.AllocsPerRun(100, func() { e.Write(piece) }); n > 0 {
		t.Errorf("an event allocates %v objects", n)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {\"a\": [1, {\"b\": 2}]}\r\n\r\n"), "/a/1/b")
	f.Fuzz(func(t *testing.T, stream []byte, pointer string) {
		if !strings.HasPrefix(pointer, "/") {
			return
		}
		whole, bytewise := NewEvents(pointer), NewEvents(pointer)
		whole.Write(stream)
		for i := range stream {
			bytewise.Write(stream[i : i+1])
		}
		n, known := whole.Value()
		if m, also := bytewise.Value(); n != m || known != also {
			t.Errorf("in one piece %d, %v; byte by byte %d, %v", n, known, m, also)
		}
		if len(whole.open) > maxDepth || len(whole.number) > maxNumber+1 {
			t.Errorf("it keeps %d open and %d digits", len(whole.open), len(whole.number))
		}
	})
}
