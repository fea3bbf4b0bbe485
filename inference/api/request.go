package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/problem"
)

// readObject reads the body of a request. What is wrong with it is a problem.
func readObject(w http.ResponseWriter, r *http.Request) (*object, error) {
	if err := requireJSON(r.Header); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, problem.TooLarge.New(fmt.Sprintf("a body may have %d bytes", maxBody))
	}
	if err != nil {
		return nil, problem.Malformed.New("the body ended early").Because(err)
	}
	return newObject(body)
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
