// Package s3test serves S3 to tests, from memory.
package s3test

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket serves a bucket until the test ends, and returns its URL with the
// prefix, as backups take it. The credentials are in the environment.
func Bucket(t testing.TB, prefix string) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test-key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
	storage := s3mem.New()
	if err := storage.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(storage).Server())
	t.Cleanup(server.Close)
	return "s3://backups/" + prefix + "?region=test&endpoint=" + url.QueryEscape(server.URL)
}
