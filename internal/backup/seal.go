package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// ErrNoRecipient means that nobody could read what is to be written.
var ErrNoRecipient = errors.New("a backup needs a recipient: `odordiff backup key` makes one")

// compressor compresses whole contents, several at a time.
var compressor = func() *zstd.Encoder {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // Its options are wrong.
	}
	return encoder
}()

// seal returns the content, compressed and encrypted to the recipients.
func seal(content []byte, recipients []age.Recipient) ([]byte, error) {
	if len(recipients) == 0 {
		return nil, ErrNoRecipient
	}
	var sealed bytes.Buffer
	encrypting, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	_, err = encrypting.Write(compressor.EncodeAll(content, nil))
	if err := errors.Join(err, encrypting.Close()); err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return sealed.Bytes(), nil
}

// unseal returns what [seal] was given. It refuses more than limit bytes: what
// comes from a target may be made to fill the memory.
func unseal(sealed io.Reader, limit int64, identities []age.Identity) ([]byte, error) {
	if len(identities) == 0 {
		return nil, errors.New("it takes an identity of one of the backup's recipients to open it")
	}
	// An error of the target is not one of what it stores.
	source := &source{Reader: sealed}
	content, err := open(source, limit, identities)
	var strange *age.NoIdentityMatchError
	switch {
	case err == nil:
		return content, nil
	case source.err != nil:
		return nil, fmt.Errorf("reading it: %w", source.err)
	case errors.As(err, &strange):
		return nil, errors.New("no identity opens it: it was sealed to others")
	}
	return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
}

// source remembers the error of a reader.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func open(sealed io.Reader, limit int64, identities []age.Identity) ([]byte, error) {
	decrypting, err := age.Decrypt(sealed, identities...)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	decompressing, err := zstd.NewReader(decrypting, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, err
	}
	defer decompressing.Close()
	content, err := io.ReadAll(io.LimitReader(decompressing, limit+1))
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it has more than %d bytes", limit)
	}
	return content, nil
}

// namesOf returns the recipients' texts, in one order.
func namesOf(recipients []age.Recipient) ([]string, error) {
	var names []string
	for _, recipient := range recipients {
		text, ok := recipient.(fmt.Stringer)
		if !ok {
			return nil, fmt.Errorf("a recipient of the type %T has no name", recipient)
		}
		names = append(names, text.String())
	}
	slices.Sort(names)
	return names, nil
}

// maxWindow bounds the memory of the decompressor, in bytes.
const maxWindow = 64 << 20
