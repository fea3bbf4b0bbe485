package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// Target keeps named contents. Names are slash-separated paths. Its methods may
// be called concurrently.
type Target interface {
	// Put stores the content, all of it or nothing, in the place of what had the
	// name before.
	Put(ctx context.Context, name string, content io.Reader) error
	// Get opens a content. The error wraps [fs.ErrNotExist] where there is none.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns everything whose name begins with the prefix, in the order of
	// names.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Delete removes contents. What is not there is no error.
	Delete(ctx context.Context, names ...string) error
	// String returns the target as [Open] takes it, without credentials.
	String() string
}

// Object is what a target says of a content.
type Object struct {
	Name string
	Size int64 // in bytes
	Time time.Time
}

// Open returns the target at a folder's path, or at a URL: s3://bucket/prefix,
// with the parameters region and endpoint where it is not Amazon's. The
// credentials of a bucket come from the environment or from Amazon's own files
// (AWS_ACCESS_KEY_ID, AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE and so on).
func Open(where string) (Target, error) {
	if !strings.Contains(where, "://") {
		return Folder(where), nil
	}
	address, err := url.Parse(where)
	if err != nil {
		return nil, errors.New("the target is no URL such as s3://bucket/prefix")
	}
	if address.User != nil {
		return nil, errors.New("the target has credentials in it: give them in the environment, or in a file")
	}
	switch address.Scheme {
	case "s3":
		return openBucket(address)
	case "file":
		return Folder(address.Path), nil
	}
	return nil, fmt.Errorf("%q: a backup goes to a folder or to s3://bucket/prefix", where)
}
