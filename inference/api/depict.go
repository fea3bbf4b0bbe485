package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"github.com/odordiff/odordiff/inference/chem/depict"
)

// Bounds of a picture's sides, in pixels.
const (
	leastSide, mostSide = 50, 2000
	defaultSide         = 300
)

// depiction answers GET /api/v1/molecules/depict.svg. Most pictures take a
// fraction of a millisecond, but a hostile cage takes most of a second. So they
// wait for a slot like any other work.
func (a *api) depiction(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r)
	m := q.molecule("smiles")
	width := q.integerOr("width", leastSide, mostSide, defaultSide)
	height := q.integerOr("height", leastSide, mostSide, defaultSide)
	if err := q.done(); err != nil {
		return err
	}
	ctx, cancel := a.bounded(r)
	defer cancel()
	var svg []byte
	err := a.admit(ctx, func() (err error) {
		svg, err = depict.SVG(m, depict.Options{Width: float64(width), Height: float64(height)})
		return err
	})
	if err != nil {
		return refusal(fmt.Errorf("drawing %s: %w", m.SMILES(), err))
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	writeStatic(w, r, "image/svg+xml", svg)
	return nil
}

// writeStatic answers with content that depends on the address alone, or with
// 304 to a client that has it already.
func writeStatic(w http.ResponseWriter, r *http.Request, mediaType string, content []byte) {
	digest := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(digest[:16]) + `"`
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "public, max-age=86400")
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", mediaType)
	header.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // a failed write is a client that has gone
}
