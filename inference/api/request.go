package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/strictjson"
)

// readObject reads the body of a request. What is wrong with it is a problem.
func readObject(w http.ResponseWriter, r *http.Request) (*object, error) {
	body, err := readBody(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	return newObject(body)
}

// readBody reads a body of JSON, of so many bytes at most.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if err := requireJSON(r.Header); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, problem.TooLarge.New(fmt.Sprintf("a body may have %d bytes", most))
	}
	if err != nil {
		return nil, problem.Malformed.New("the body ended early").Because(err)
	}
	return body, nil
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

// malformed says where the body stops being strict JSON. It quotes no value,
// but the name that occurs twice.
func malformed(err error) error {
	wrong, ok := errors.AsType[*strictjson.Error](err)
	switch {
	case !ok:
		return problem.Malformed.New("the body cannot be read").Because(err)
	case wrong.Member != "":
		return problem.Malformed.New(fmt.Sprintf("the name %q occurs twice", wrong.Member.LastToken())).Because(err)
	}
	return problem.Malformed.New(wrong.Reason).Because(err)
}
