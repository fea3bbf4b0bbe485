package promptpolicy

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/formdata"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// FormParts is how many parts a form may have.
const FormParts = 100

var (
	// ErrFieldName says that the name of a form's field could be read in more
	// than one way.
	ErrFieldName = errors.New("the name of a field is not made of letters, digits, hyphens and underscores, with the names of members in brackets behind it, such as model, image[] or expires_after[seconds]")
	// ErrFieldTwice says that two fields of a form have one name.
	ErrFieldTwice = errors.New("two fields have the same name, but for case: only a name that ends with [] may be there more than once")
	// ErrUnknownFile says that a file lies where prompts are, but is nothing that
	// can be judged or left alone.
	ErrUnknownFile = errors.New("a file stands where a text is expected, and is neither text in UTF-8 nor an image, a sound, a film, a PDF or a ZIP, as its type and its first bytes say")
	// ErrLongFields says that the texts of a form are too long.
	ErrLongFields = errors.New("the fields that are no files are too long together")
)

// ReadForm returns the body of a form as rules, schemas and [Prompts] see it:
// an object with a member for each field. The name a[b] is the member b of the
// object a, and a[] is an item of the array a.
//
// A field is a string. One to which no path leads may be a number or a boolean,
// if it is written like one in JSON.
//
// A file is an object with its filename, type and size (in bytes). If a path
// leads to it, it also has its text, unless it is an image, a sound, a film, a
// PDF or a ZIP. All texts together may have so many bytes.
//
// The error is a [formdata.Error], [ErrFieldName], [ErrFieldTwice],
// [ErrUnknownFile] or [ErrLongFields].
func ReadForm(body []byte, boundary string, paths []PromptPath, bytes int64) (map[string]any, error) {
	parts, err := formdata.Parse(body, boundary, FormParts)
	if err != nil {
		return nil, err
	}
	f := form{paths: paths, room: bytes, top: fields{}}
	for _, part := range parts {
		if err := f.add(part); err != nil {
			return nil, err
		}
	}
	return f.top.object(), nil
}

// form gathers the fields of a form.
type form struct {
	paths []PromptPath
	room  int64 // bytes of text that are left
	top   fields
}

// fields are members by their names, in which case does not matter.
type fields map[string]*field

// field is a value, an array or an object of others.
type field struct {
	name    string
	value   any
	items   []any
	members fields
}

// object returns the members as parsed JSON.
func (f fields) object() map[string]any {
	object := make(map[string]any, len(f))
	for _, member := range f {
		switch {
		case member.members != nil:
			object[member.name] = member.members.object()
		case member.items != nil:
			object[member.name] = member.items
		default:
			object[member.name] = member.value
		}
	}
	return object
}

// formName is the name of a field. An index in brackets is none: some read it
// as a name, others as a place in an array.
var formName = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_-]*(?:\[[A-Za-z_][0-9A-Za-z_-]*\]){0,8}(?:\[\])?$`)

// add adds a part at the place that its name says.
func (f *form) add(part formdata.Part) error {
	if !formName.MatchString(part.Name) {
		return ErrFieldName
	}
	name, isItem := strings.CutSuffix(part.Name, "[]")
	names := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
	value, err := f.valueOf(part, names, isItem)
	if err != nil {
		return err
	}
	at := f.top
	for _, name := range names[:len(names)-1] {
		object := at.member(name)
		if object.name != name || object.value != nil || object.items != nil {
			return ErrFieldTwice
		}
		if object.members == nil {
			object.members = fields{}
		}
		at = object.members
	}
	last := names[len(names)-1]
	leaf := at.member(last)
	switch {
	case leaf.name != last || leaf.value != nil || leaf.members != nil, leaf.items != nil && !isItem:
		return ErrFieldTwice
	case isItem:
		leaf.items = append(leaf.items, value)
	default:
		leaf.value = value
	}
	return nil
}

// member returns the member of a name or of one that is equal but for case; a
// new one if there is none.
func (f fields) member(name string) *field {
	folded := strictjson.FoldName(name)
	if f[folded] == nil {
		f[folded] = &field{name: name}
	}
	return f[folded]
}

// valueOf returns the value of a part; never nil.
func (f *form) valueOf(part formdata.Part, names []string, isItem bool) (any, error) {
	expected := f.expectsText(names)
	if part.IsFile {
		return f.fileOf(part, expected)
	}
	if f.room -= int64(len(part.Content)); f.room < 0 {
		return nil, ErrLongFields
	}
	text := string(part.Content)
	if expected || isItem {
		return text, nil
	}
	return plainValue(text), nil
}

// expectsText reports whether a path leads to a field.
func (f *form) expectsText(names []string) bool {
	for _, path := range f.paths {
		if len(path.tokens) > 0 && (path.leadsTo(names) || path.leadsThrough(names)) {
			return true
		}
	}
	return false
}

// leadsThrough reports whether a path goes on behind what names lead to. Where
// a value has no members, it leads to the value.
func (p PromptPath) leadsThrough(names []string) bool {
	return len(names) < len(p.tokens) && PromptPath{p.tokens[:len(names)], p.folded[:len(names)]}.leadsTo(names)
}

// plainValue returns what a text says that is a number or a boolean in JSON,
// and otherwise the text.
func plainValue(text string) any {
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "true":
		return true
	case trimmed == "false":
		return false
	case jsonNumber.MatchString(trimmed) && strictjson.CheckNumber(json.Number(trimmed)) == nil:
		return json.Number(trimmed)
	}
	return text
}

var jsonNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)

// fileOf returns what is known of a file, and its text if one is expected.
func (f *form) fileOf(part formdata.Part, expected bool) (any, error) {
	if f.room -= int64(len(part.Filename) + len(part.Type)); f.room < 0 {
		return nil, ErrLongFields
	}
	file := map[string]any{"filename": part.Filename, "type": part.Type, "size": numberOf(int64(len(part.Content)))}
	switch {
	case !expected || isMedia(part):
		return file, nil
	case !utf8.Valid(part.Content):
		return nil, ErrUnknownFile
	}
	if f.room -= int64(len(part.Content)); f.room < 0 {
		return nil, ErrLongFields
	}
	file["text"] = string(part.Content)
	return file, nil
}

// isMedia reports whether a part is a file that is left alone wherever it
// stands, as its first bytes and, if it has one, its type say.
func isMedia(part formdata.Part) bool {
	sample := part.Content[:min(len(part.Content), sampleSize)]
	if isReadable(sample) {
		return false
	}
	kind := kindOfFile(formatOf(sample))
	return kind != "" && (part.Type == "" || part.Type == "application/octet-stream" || kindOfFile(part.Type) == kind)
}
