package api

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
)

// fieldError says what is wrong with one field of a body. The field is a JSON
// Pointer (RFC 6901), empty for the body as a whole.
type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// readRequest reads the body of a generate request. What is wrong with it is a problem.
func readRequest(w http.ResponseWriter, r *http.Request) (engine.Request, error) {
	if err := requireJSON(r.Header); err != nil {
		return engine.Request{}, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return engine.Request{}, problem.TooLarge.New(fmt.Sprintf("a body may have %d bytes", MaxBody))
	}
	if err != nil {
		return engine.Request{}, problem.Malformed.New("the body ended early").Because(err)
	}
	return parseRequest(body)
}

func requireJSON(header http.Header) error {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := parameters["charset"]
	utf := charset == "" || charset == "utf-8" || charset == "UTF-8"
	if err != nil || mediaType != "application/json" || !utf {
		return problem.Unsupported.New("send Content-Type: application/json").Header("Accept", "application/json")
	}
	return nil
}

// parseRequest reads the fields one by one, to tell of everything that is wrong with them at once.
func parseRequest(body []byte) (engine.Request, error) {
	var value jsontext.Value
	if err := json.Unmarshal(body, &value); err != nil {
		return engine.Request{}, malformed(err)
	}
	var fields map[string]jsontext.Value
	if value.Kind() != '{' || json.Unmarshal(value, &fields) != nil {
		return engine.Request{}, invalid(fieldError{"", "must be an object"})
	}
	p := fieldParser{fields: fields}
	request := engine.Request{
		Prompt: p.prompt(),
		Count:  p.count(),
		Seed:   p.seed(),
	}
	p.rejectOthers()
	if len(p.errors) > 0 {
		return engine.Request{}, invalid(p.errors...)
	}
	return request, nil
}

// malformed says where the body stops being strict JSON, without quoting it.
func malformed(err error) error {
	detail := "the body is not JSON"
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) {
		detail = fmt.Sprintf("bad syntax or UTF-8 at byte %d", syntax.ByteOffset)
		if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
			detail = fmt.Sprintf("the name %q occurs twice", syntax.JSONPointer.LastToken())
		}
	}
	return problem.Malformed.New(detail).Because(err)
}

func invalid(errors ...fieldError) error {
	return problem.Invalid.New("see errors for what is wrong with each field").With("errors", errors)
}

// fieldParser takes the known fields out of a body and notes what is wrong with them.
type fieldParser struct {
	fields map[string]jsontext.Value
	errors []fieldError
}

// take removes a field. It reports whether the field is there.
func (p *fieldParser) take(name string) (jsontext.Value, bool) {
	value, ok := p.fields[name]
	delete(p.fields, name)
	return value, ok
}

func (p *fieldParser) fail(name, format string, arguments ...any) {
	pointer := string(jsontext.Pointer("").AppendToken(name))
	p.errors = append(p.errors, fieldError{pointer, fmt.Sprintf(format, arguments...)})
}

func (p *fieldParser) prompt() string {
	value, ok := p.take("prompt")
	if !ok {
		p.fail("prompt", "is missing")
		return ""
	}
	var prompt string
	if value.Kind() != '"' || json.Unmarshal(value, &prompt) != nil {
		p.fail("prompt", "must be a string")
		return ""
	}
	if n := utf8.RuneCountInString(prompt); n < 1 || n > MaxPrompt {
		p.fail("prompt", "must have 1 to %d characters, has %d", MaxPrompt, n)
	}
	return prompt
}

func (p *fieldParser) count() int {
	value, ok := p.take("num_molecules")
	if !ok {
		return DefaultMolecules
	}
	count, ok := integer(value)
	if !ok || count < 1 || count > MaxMolecules {
		p.fail("num_molecules", "must be an integer from 1 to %d", MaxMolecules)
	}
	return int(count)
}

// maxSeed is the largest integer that every JSON implementation keeps exactly (RFC 8259, section 6).
const maxSeed = 1<<53 - 1

func (p *fieldParser) seed() *int64 {
	value, ok := p.take("seed")
	if !ok {
		return nil
	}
	seed, ok := integer(value)
	if !ok {
		p.fail("seed", "must be an integer from %d to %d", -maxSeed, maxSeed)
	}
	return &seed
}

// integer reads a JSON number without a fraction, up to maxSeed on either side
// of 0. 5.0 and 5e0 are integers, as they are to JSON Schema.
func integer(value jsontext.Value) (int64, bool) {
	if value.Kind() != '0' {
		return 0, false
	}
	var number float64
	if json.Unmarshal(value, &number) != nil || math.Abs(number) > maxSeed || number != math.Trunc(number) {
		return 0, false
	}
	return int64(number), true
}

// rejectOthers notes the fields that nothing is known about.
func (p *fieldParser) rejectOthers() {
	known := len(p.errors)
	for name := range p.fields {
		p.fail(name, "is not known")
	}
	slices.SortFunc(p.errors[known:], func(a, b fieldError) int { return cmp.Compare(a.Field, b.Field) })
}
