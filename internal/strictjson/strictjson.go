package strictjson

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Error says what is wrong with a text. Its own text names the place and quotes
// nothing, so it may be shown and logged.
type Error struct {
	// Reason says what is wrong and where, without quoting the text.
	Reason string
	// Member is the JSON Pointer (RFC 6901) of the member that is wrong: one whose
	// name occurs twice or is not known, or that has a value of another type. It
	// is empty where the fault is not about one member. It quotes names of the
	// text.
	Member jsontext.Pointer
	// Offset is the byte at or before which the fault is, from 0.
	Offset int64
}

// Error implements error.
func (e *Error) Error() string { return "not strict JSON: " + e.Reason }

// Unmarshal reads a text into a Go value, which the tags of the value describe.
// The options are those of the json package, such as
// [json.RejectUnknownMembers]. The error is an [*Error].
func Unmarshal(text []byte, into any, options ...json.Options) error {
	return describe(text, json.Unmarshal(text, into, options...))
}

// Check returns an [*Error] for a text that [Unmarshal] could not read.
func Check(text []byte) error { return Unmarshal(text, new(jsontext.Value)) }

// describe makes an Error of the library's, whose own text may quote the input.
func describe(text []byte, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		end := int64(len(text))
		return &Error{Reason: fmt.Sprintf("it ends too early, at byte %d", end), Offset: end}
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return describeSyntax(syntax)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		reason := "a value of the wrong type or form"
		if errors.Is(err, json.ErrUnknownName) {
			reason = "unknown field"
		}
		return &Error{Reason: reason, Member: semantic.JSONPointer, Offset: semantic.ByteOffset}
	}
	return &Error{Reason: "it cannot be read"}
}

func describeSyntax(syntax *jsontext.SyntacticError) *Error {
	if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
		return &Error{
			Reason: fmt.Sprintf("a name occurs twice in the object before byte %d", syntax.ByteOffset),
			Member: syntax.JSONPointer, Offset: syntax.ByteOffset,
		}
	}
	return &Error{Reason: fmt.Sprintf("bad syntax or UTF-8 at byte %d", syntax.ByteOffset), Offset: syntax.ByteOffset}
}
