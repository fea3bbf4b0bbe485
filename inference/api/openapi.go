package api

import (
	_ "embed"
	"net/http"
)

// document describes the API. Tests hold it and the handlers to each other.
//
//go:embed openapi.json
var document []byte

// description answers GET /api/v1/openapi.json.
func (*api) description(w http.ResponseWriter, r *http.Request) error {
	writeStatic(w, r, "application/json", document)
	return nil
}
