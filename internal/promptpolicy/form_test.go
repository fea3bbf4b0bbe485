package promptpolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/internal/formdata"
)

// formOf writes a form of fields, each a name and a value, and of files, each a
// name with a file name behind a semicolon and a content.
func formOf(namesAndValues ...string) []byte {
	var form strings.Builder
	for field := range slices.Chunk(namesAndValues, 2) {
		name, filename, isFile := strings.Cut(field[0], ";")
		fmt.Fprintf(&form, "--b\r\nContent-Disposition: form-data; name=\"%s\"", name)
		if isFile {
			fmt.Fprintf(&form, "; filename=\"%s\"", filename)
		}
		fmt.Fprintf(&form, "\r\n\r\n%s\r\n", field[1])
	}
	return []byte(form.String() + "--b--\r\n")
}

const (
	pngFile = "\x89PNG\r\n\x1a\n\x00\x00"
	wavFile = "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\xff"
)

func file(name string, size int) map[string]any {
	return map[string]any{"filename": name, "type": "", "size": numberOf(int64(size))}
}

func textFile(name, text string) map[string]any {
	f := file(name, len(text))
	f["text"] = text
	return f
}

func TestAFormIsAnObject(t *testing.T) {
	for name, tc := range map[string]struct {
		form []byte
		want map[string]any
	}{
		"texts":              {formOf("prompt", "a rose", "model", "m"), map[string]any{"prompt": "a rose", "model": "m"}},
		"numbers":            {formOf("n", "2", "temperature", " 0.5 ", "seed", "-1e3"), map[string]any{"n": json.Number("2"), "temperature": json.Number("0.5"), "seed": json.Number("-1e3")}},
		"no numbers":         {formOf("a", "007", "b", "1_0", "c", "0x1", "d", "NaN", "e", "1e999", "f", ""), map[string]any{"a": "007", "b": "1_0", "c": "0x1", "d": "NaN", "e": "1e999", "f": ""}},
		"booleans":           {formOf("stream", "true", "echo", "false", "store", "True"), map[string]any{"stream": true, "echo": false, "store": "True"}},
		"a prompt of digits": {formOf("prompt", "1984", "PROMPT2", "7"), map[string]any{"prompt": "1984", "PROMPT2": json.Number("7")}},
		"a list":             {formOf("include[]", "logprobs", "include[]", "1"), map[string]any{"include": []any{"logprobs", "1"}}},
		"a list of one":      {formOf("include[]", "logprobs"), map[string]any{"include": []any{"logprobs"}}},
		"members":            {formOf("expires_after[anchor]", "created_at", "expires_after[seconds]", "60"), map[string]any{"expires_after": map[string]any{"anchor": "created_at", "seconds": json.Number("60")}}},
		"files":              {formOf("image[];a.png", pngFile, "image[];b.txt", "rose"), map[string]any{"image": []any{file("a.png", 10), file("b.txt", 4)}}},
		"a text as a file":   {formOf("prompt;a.txt", "a rose"), map[string]any{"prompt": textFile("a.txt", "a rose")}},
		"an image as prompt": {formOf("prompt;a.png", pngFile), map[string]any{"prompt": file("a.png", 10)}},
		"a member of prompt": {formOf("prompt[text]", "7"), map[string]any{"prompt": map[string]any{"text": "7"}}},
		"a way to prompts":   {formOf("messages[];a.txt", "rose"), map[string]any{"messages": []any{textFile("a.txt", "rose")}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadForm(tc.form, "b", paths(t, "/prompt", "/messages/*/content"), 1000)
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("error %v, -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestAFormThatCouldBeReadInTwoWaysIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		form []byte
		want error
	}{
		"a name twice":               {formOf("a", "1", "a", "2"), ErrFieldTwice},
		"a name in two cases":        {formOf("prompt", "1", "Prompt", "2"), ErrFieldTwice},
		"a list in two cases":        {formOf("a[]", "1", "A[]", "2"), ErrFieldTwice},
		"a text and a file":          {formOf("a", "1", "a;x", "2"), ErrFieldTwice},
		"a value and a list":         {formOf("a", "1", "a[]", "2"), ErrFieldTwice},
		"a list and a value":         {formOf("a[]", "1", "a", "2"), ErrFieldTwice},
		"a value and a member":       {formOf("a", "1", "a[b]", "2"), ErrFieldTwice},
		"a member and a value":       {formOf("a[b]", "1", "a", "2"), ErrFieldTwice},
		"a list and a member":        {formOf("a[]", "1", "a[b]", "2"), ErrFieldTwice},
		"a member and a list":        {formOf("a[b]", "1", "a[]", "2"), ErrFieldTwice},
		"a member twice":             {formOf("a[b]", "1", "a[B]", "2"), ErrFieldTwice},
		"members in two cases":       {formOf("a[b]", "1", "A[c]", "2"), ErrFieldTwice},
		"an index":                   {formOf("a[0]", "1"), ErrFieldName},
		"a list of objects":          {formOf("a[][b]", "1"), ErrFieldName},
		"a dot":                      {formOf("a.b", "1"), ErrFieldName},
		"a space":                    {formOf("a ", "1"), ErrFieldName},
		"an open bracket":            {formOf("a[b", "1"), ErrFieldName},
		"deep members":               {formOf("a"+strings.Repeat("[b]", 9), "1"), ErrFieldName},
		"another alphabet":           {formOf("prompт", "1"), ErrFieldName},
		"a prompt of unknown format": {formOf("prompt;a.bin", "\xff\xfe\x00\x01"), ErrUnknownFile},
		"texts that are too long":    {formOf("a", strings.Repeat("x", 60), "c", strings.Repeat("x", 60)), ErrLongFields},
		"a long text in a file":      {formOf("prompt;a", strings.Repeat("x", 101)), ErrLongFields},
		"a long file name":           {formOf("c;"+strings.Repeat("x", 101), ""), ErrLongFields},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ReadForm(tc.form, "b", paths(t, "/prompt"), 100); !errors.Is(err, tc.want) {
				t.Errorf("got %v, error %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestAFormHasSoManyParts(t *testing.T) {
	var fields []string
	for i := range FormParts {
		fields = append(fields, fmt.Sprintf("a%d", i), "")
	}
	if form, err := ReadForm(formOf(fields...), "b", nil, 1000); err != nil || len(form) != FormParts {
		t.Errorf("%d fields, error %v", len(form), err)
	}
	_, err := ReadForm(formOf(append(fields, "b", "")...), "b", nil, 1000)
	if _, ok := errors.AsType[*formdata.Error](err); !ok {
		t.Errorf("one more: error = %v", err)
	}
}

func TestALargeFileCostsNoText(t *testing.T) {
	form := formOf("prompt", "a rose", "image;a.png", pngFile+strings.Repeat("\x00", 1<<20))
	if _, err := ReadForm(form, "b", paths(t, "/prompt"), 100); err != nil {
		t.Error(err)
	}
}

func TestPromptsAreFoundInAForm(t *testing.T) {
	form := formOf("prompt[]", "sar", "prompt[]", "in", "model", "m-1", "file;note.txt", "oakmoss", "sound;a.wav", wavFile)
	everything := []string{"a.wav", "in", "m-1", "note.txt", "sar"}
	for name, tc := range map[string]struct {
		paths []PromptPath
		want  []string
	}{
		"where pointers lead": {paths(t, "/prompt", "/sound"), []string{"a.wav", "in", "sar"}},
		"in a file of text":   {paths(t, "/file"), []string{"note.txt", "oakmoss"}},
		"everywhere":          {[]PromptPath{WholeBody}, everything},
		"where none lead":     {paths(t, "/other"), everything},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := ReadForm(form, "b", tc.paths, 1000)
			if err != nil {
				t.Fatal(err)
			}
			prompts, err := Prompts(t.Context(), time.Now().Add(time.Hour), Source{Body: body}, tc.paths)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, prompt := range prompts {
				if !prompt.IsName && !prompt.Joined && prompt.Text != "" {
					got = append(got, prompt.Text)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, tc.want) {
				t.Errorf("the prompts are %q, want %q", got, tc.want)
			}
		})
	}
}

func paths(t *testing.T, pointers ...string) []PromptPath {
	t.Helper()
	var all []PromptPath
	for _, pointer := range pointers {
		path, err := ParsePromptPath(pointer)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, path)
	}
	return all
}

// A form is never more than what it was made of, and its texts are all there.
func FuzzReadForm(f *testing.F) {
	f.Add(formOf("prompt", "a rose", "n", "2", "image[];a.png", pngFile))
	f.Add(formOf("a[b][c]", "1", "a[b][d][]", "2", "prompt;x", "text"))
	paths := []PromptPath{{tokens: []string{"prompt"}, folded: []string{"prompt"}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		form, err := ReadForm(body, "b", paths, 1000)
		if err != nil {
			return
		}
		parts, err := formdata.Parse(body, "b", FormParts)
		if err != nil {
			t.Fatal(err)
		}
		if got := leaves(form); got != len(parts) {
			t.Errorf("%d values of %d parts: %v", got, len(parts), form)
		}
		if _, err := termOf(form); err != nil {
			t.Errorf("rules cannot read %v: %v", form, err)
		}
	})
}

// leaves counts the values of a form. A file is one.
func leaves(value any) (n int) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			n += leaves(item)
		}
		return n
	case map[string]any:
		if _, isFile := value["size"].(json.Number); isFile && value["filename"] != nil && value["type"] != nil {
			return 1
		}
		for _, member := range value {
			n += leaves(member)
		}
		return n
	}
	return 1
}
