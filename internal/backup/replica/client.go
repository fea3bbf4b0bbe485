// Package replica copies an SQLite database to a target while it is written,
// with Litestream's library, sealed to age recipients.
package replica

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"

	"github.com/odordiff/odordiff/internal/backup"
)

// client keeps Litestream's files on a target, each sealed. Litestream's own
// clients do not encrypt.
//
// A file is called <folder>/<level>/<first transaction>-<last>-<time>-<header>,
// where the time is that of the transactions in milliseconds and the header is
// how many bytes come before the sealed content. So the list of a target shows
// everything that Litestream asks for. At its end it has the machine's
// signature.
type client struct {
	target     backup.Target
	folder     string      // with a slash
	key        *backup.Key // nil can only read
	signer     string      // who is believed; empty is everybody
	recipients []age.Recipient
	identities []age.Identity
}

// Type implements [litestream.ReplicaClient].
func (c *client) Type() string { return "sealed" }

// Init implements [litestream.ReplicaClient].
func (c *client) Init(context.Context) error { return nil }

// SetLogger implements [litestream.ReplicaClient].
func (c *client) SetLogger(*slog.Logger) {}

func (c *client) level(level int) string { return fmt.Sprintf("%s%04x/", c.folder, level) }

// files returns the files of a level whose names begin with a prefix, in the
// order of their transactions.
func (c *client) files(ctx context.Context, level int, prefix string) ([]file, error) {
	objects, err := c.target.List(ctx, c.level(level)+prefix)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, object := range objects {
		if f, ok := parse(object, level); ok {
			files = append(files, f)
		}
	}
	// What was written again, for other recipients, counts as it was written last.
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.MinTXID, b.MinTXID), cmp.Compare(a.MaxTXID, b.MaxTXID), b.CreatedAt.Compare(a.CreatedAt))
	})
	return slices.CompactFunc(files, func(a, b file) bool { return a.MinTXID == b.MinTXID && a.MaxTXID == b.MaxTXID }), nil
}

// file is what the list of a target shows of one of Litestream's files.
type file struct {
	ltx.FileInfo
	name   string
	sealed int64 // how many bytes come before the signature
}

func nameOf(minimum, maximum ltx.TXID, at time.Time, header int) string {
	return fmt.Sprintf("%s%013d-%d", prefixOf(minimum, maximum), at.UnixMilli(), header)
}

func prefixOf(minimum, maximum ltx.TXID) string { return fmt.Sprintf("%s-%s-", minimum, maximum) }

func parse(object backup.Object, level int) (f file, ok bool) {
	words := strings.Split(path.Base(object.Name), "-")
	if len(words) != 4 {
		return file{}, false
	}
	minimum, err1 := ltx.ParseTXID(words[0])
	maximum, err2 := ltx.ParseTXID(words[1])
	millis, err3 := strconv.ParseInt(words[2], 10, 64)
	header, err4 := strconv.ParseInt(words[3], 10, 64)
	if errors.Join(err1, err2, err3, err4) != nil {
		return file{}, false
	}
	sealed := object.Size - backup.SealSize
	return file{name: object.Name, sealed: sealed, FileInfo: ltx.FileInfo{
		Level: level, MinTXID: minimum, MaxTXID: maximum,
		Size: unsealedSize(sealed - header), CreatedAt: time.UnixMilli(millis).UTC(),
	}}, true
}

// The payload of an age file is a nonce and then chunks, each with a tag:
// https://age-encryption.org/v1.
const (
	nonceSize = 16
	chunkSize = 64 << 10
	tagSize   = 16
)

// unsealedSize returns how many bytes an age payload of that size holds.
func unsealedSize(payload int64) int64 {
	payload -= nonceSize
	chunks := (payload + chunkSize + tagSize - 1) / (chunkSize + tagSize)
	return max(0, payload-chunks*tagSize)
}

// LTXFiles implements [litestream.ReplicaClient].
func (c *client) LTXFiles(ctx context.Context, level int, seek ltx.TXID, _ bool) (ltx.FileIterator, error) {
	files, err := c.files(ctx, level, "")
	if err != nil {
		return nil, err
	}
	var infos []*ltx.FileInfo
	for _, f := range files {
		if f.MinTXID >= seek {
			infos = append(infos, &f.FileInfo)
		}
	}
	return ltx.NewFileInfoSliceIterator(infos), nil
}

// OpenLTXFile implements [litestream.ReplicaClient]. What is read to its end
// was signed, or the last read fails.
func (c *client) OpenLTXFile(ctx context.Context, level int, minimum, maximum ltx.TXID, offset, size int64) (io.ReadCloser, error) {
	found, err := c.files(ctx, level, prefixOf(minimum, maximum))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("transactions %s to %s of level %d: %w", minimum, maximum, level, fs.ErrNotExist)
	}
	opened, err := c.open(ctx, found[0])
	if err == nil && offset > 0 {
		if _, err = io.CopyN(io.Discard, opened, offset); err != nil {
			err = errors.Join(err, opened.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", found[0].name, err)
	}
	if size > 0 {
		return struct {
			io.Reader
			io.Closer
		}{io.LimitReader(opened, size), opened}, nil
	}
	return opened, nil
}

func (c *client) open(ctx context.Context, f file) (*opened, error) {
	object, err := c.target.Get(ctx, f.name)
	if err != nil {
		return nil, err
	}
	o := &opened{object: bufio.NewReaderSize(object, chunkSize), close: object.Close, hash: sha256.New(), name: f.name, signer: c.signer}
	o.sealed = io.TeeReader(io.LimitReader(o.object, f.sealed), o.hash)
	if o.content, err = age.Decrypt(o.sealed, c.identities...); err != nil {
		return nil, errors.Join(fmt.Errorf("decrypting: %w", err), object.Close())
	}
	return o, nil
}

// opened is a file that is being read.
type opened struct {
	object  io.Reader // the file as the target has it
	sealed  io.Reader // its part before the signature
	content io.Reader
	close   func() error
	hash    hash.Hash
	name    string
	signer  string
}

// Read checks the signature before it says that the file has ended.
func (o *opened) Read(p []byte) (int, error) {
	n, err := o.content.Read(p)
	if errors.Is(err, io.EOF) {
		err = o.check()
	}
	return n, err
}

// check returns [io.EOF] if what was read is what was signed.
func (o *opened) check() error {
	if _, err := io.Copy(io.Discard, o.sealed); err != nil {
		return err
	}
	seal, err := io.ReadAll(io.LimitReader(o.object, backup.SealSize+1))
	if err != nil {
		return err
	}
	if err := backup.CheckSeal(seal, o.name, o.hash.Sum(nil), o.signer); err != nil {
		return err
	}
	// A second read at the end finds nothing more.
	o.content = strings.NewReader("")
	o.object, o.sealed, o.hash = bytes.NewReader(seal), strings.NewReader(""), checked{o.hash}
	return io.EOF
}

// checked is a hash to which nothing is added any more.
type checked struct{ hash.Hash }

func (checked) Write(p []byte) (int, error) { return len(p), nil }

// Close implements [io.Closer].
func (o *opened) Close() error { return o.close() }

// WriteLTXFile implements [litestream.ReplicaClient].
func (c *client) WriteLTXFile(ctx context.Context, level int, minimum, maximum ltx.TXID, content io.Reader) (*ltx.FileInfo, error) {
	head, content, err := ltx.PeekHeader(content)
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	sealing, err := seal(content, c.recipients)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sealing.Close() }() // It only ends what reads no more.
	at := time.UnixMilli(head.Timestamp).UTC()
	name := c.level(level) + nameOf(minimum, maximum, at, sealing.header)
	if err := c.target.Put(ctx, name, sealing.signed(c.key, name)); err != nil {
		return nil, fmt.Errorf("storing %s: %w", name, err)
	}
	return &ltx.FileInfo{Level: level, MinTXID: minimum, MaxTXID: maximum, Size: sealing.size, CreatedAt: at}, nil
}

// sealing reads a content sealed.
type sealing struct {
	io.Reader
	sealed *io.PipeReader
	header int   // bytes before the payload
	size   int64 // of the content, when it was read to its end
}

// seal begins to seal a content. Close must be called.
func seal(content io.Reader, recipients []age.Recipient) (*sealing, error) {
	sealed, to := io.Pipe()
	// Only the header is written before the first byte of the content.
	var header bytes.Buffer
	dst := &turnout{to: &header}
	encrypting, err := age.Encrypt(dst, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	dst.to = to
	// The header ends with the nonce of the payload.
	s := &sealing{sealed: sealed, header: header.Len() - nonceSize}
	s.Reader = io.MultiReader(&header, sealed)
	go func() {
		n, err := io.Copy(encrypting, content)
		s.size = n
		to.CloseWithError(errors.Join(err, encrypting.Close()))
	}()
	return s, nil
}

// signed reads what is sealed, and then the signature of it.
func (s *sealing) signed(key *backup.Key, name string) io.Reader {
	hash := sha256.New()
	return io.MultiReader(io.TeeReader(s.Reader, hash), &later{make: func() []byte { return key.Seal(name, hash.Sum(nil)) }})
}

// later is a reader of something that is known when it is read.
type later struct {
	make func() []byte
	made *bytes.Reader
}

func (l *later) Read(p []byte) (int, error) {
	if l.made == nil {
		l.made = bytes.NewReader(l.make())
	}
	return l.made.Read(p)
}

// Close ends the sealing.
func (s *sealing) Close() error { return s.sealed.Close() }

// turnout is a writer whose destination changes.
type turnout struct{ to io.Writer }

func (t *turnout) Write(p []byte) (int, error) { return t.to.Write(p) }

// DeleteLTXFiles implements [litestream.ReplicaClient].
func (c *client) DeleteLTXFiles(ctx context.Context, infos []*ltx.FileInfo) error {
	for _, info := range infos {
		files, err := c.files(ctx, info.Level, prefixOf(info.MinTXID, info.MaxTXID))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := c.target.Delete(ctx, f.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeleteAll implements [litestream.ReplicaClient].
func (c *client) DeleteAll(ctx context.Context) error {
	objects, err := c.target.List(ctx, c.folder)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := c.target.Delete(ctx, object.Name); err != nil {
			return err
		}
	}
	return nil
}

// Interface guard
var _ litestream.ReplicaClient = (*client)(nil)
