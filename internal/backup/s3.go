package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket is a target in an S3 bucket, of Amazon or of whoever speaks S3.
type bucket struct {
	client *minio.Client
	name   string
	prefix string
	url    string
}

// partSize is how much of a long content goes in one request, in bytes.
const partSize = 16 << 20

func openBucket(address *url.URL) (*bucket, error) {
	query := address.Query()
	endpoint, secure := "s3.amazonaws.com", true
	if text := query.Get("endpoint"); text != "" {
		at, err := url.Parse(text)
		if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
			return nil, fmt.Errorf("%q: endpoint must be a URL, such as https://s3.example.com", address)
		}
		endpoint, secure = at.Host, at.Scheme == "https"
	}
	if address.Host == "" {
		return nil, fmt.Errorf("%q names no bucket: write s3://bucket/prefix", address)
	}
	client, err := minio.New(endpoint, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			new(credentials.EnvAWS), new(credentials.FileAWSCredentials), &credentials.IAM{Client: http.DefaultClient},
		}),
		Secure: secure,
		Region: query.Get("region"),
	})
	if err != nil {
		return nil, fmt.Errorf("%q: %w", address, err)
	}
	return &bucket{client: client, name: address.Host, prefix: strings.Trim(address.Path, "/"), url: address.Redacted()}, nil
}

// String implements [Target].
func (b *bucket) String() string { return b.url }

func (b *bucket) at(name string) string { return path.Join(b.prefix, name) }

// Put implements [Target].
func (b *bucket) Put(ctx context.Context, name string, content io.Reader) error {
	// What is short goes in one request; minio asks for three otherwise.
	var start bytes.Buffer
	length := int64(-1)
	n, err := io.CopyN(&start, content, partSize)
	switch {
	case errors.Is(err, io.EOF):
		content, length = bytes.NewReader(start.Bytes()), n
	case err != nil:
		return err
	default:
		content = io.MultiReader(&start, content)
	}
	_, err = b.client.PutObject(ctx, b.name, b.at(name), content, length, minio.PutObjectOptions{PartSize: partSize})
	return b.explain(err)
}

// Get implements [Target].
func (b *bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.name, b.at(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, b.explain(err)
	}
	// Only now is anything asked.
	if _, err := object.Stat(); err != nil {
		return nil, errors.Join(b.explain(err), object.Close())
	}
	return object, nil
}

// List implements [Target].
func (b *bucket) List(ctx context.Context, prefix string) ([]Object, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing where we return early
	root := b.prefix
	if root != "" {
		root += "/"
	}
	var objects []Object
	for found := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: root + prefix, Recursive: true}) {
		if found.Err != nil {
			return nil, b.explain(found.Err)
		}
		objects = append(objects, Object{
			Name: strings.TrimPrefix(found.Key, root), Size: found.Size, Time: found.LastModified,
		})
	}
	return objects, ctx.Err()
}

// Delete implements [Target].
func (b *bucket) Delete(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := b.client.RemoveObject(ctx, b.name, b.at(name), minio.RemoveObjectOptions{}); err != nil {
			return b.explain(err)
		}
	}
	return nil
}

// advice says what to do about an error of S3, by its code.
var advice = map[string]string{
	"NoSuchBucket":          "make the bucket, or mend its name",
	"AccessDenied":          "allow the credentials to list, read, write and delete under the prefix",
	"InvalidAccessKeyId":    "check AWS_ACCESS_KEY_ID, or the credentials file",
	"SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY, and the endpoint",
	"RequestTimeTooSkewed":  "set this machine's clock",
	"SlowDown":              "it is throttled: set a rate",
}

// explain adds to an error of S3 what to do about it.
func (b *bucket) explain(err error) error {
	if err == nil {
		return nil
	}
	response := minio.ToErrorResponse(err)
	switch {
	case response.Code == "NoSuchKey":
		return fmt.Errorf("%s: %w", b.url, fs.ErrNotExist)
	case advice[response.Code] != "":
		return fmt.Errorf("%s: %w (%s)", b.url, err, advice[response.Code])
	}
	return fmt.Errorf("%s: %w", b.url, err)
}
