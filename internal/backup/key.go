package backup

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

// Key is what one machine makes its backups with. It does not open them, but
// for drills, where it has an identity of its own.
type Key struct {
	names  []byte             // keys the hashes that name objects
	signer ed25519.PrivateKey // signs snapshots
	drill  *age.X25519Identity
}

// keyFile is the form of a key on the disk.
type keyFile struct {
	Names  []byte `json:"names"`
	Signer []byte `json:"signer"`
	Drill  string `json:"drill"`
}

// LoadKey reads the key from a file that only its owner can read, and makes one
// where there is none.
func LoadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of backups: %w", err)
	}
	var file keyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s is not a key of backups: %w", path, err)
	}
	key, err := file.key()
	if err != nil {
		return nil, fmt.Errorf("%s is not a key of backups: %w", path, err)
	}
	return key, nil
}

func (f keyFile) key() (*Key, error) {
	drill, err := age.ParseX25519Identity(f.Drill)
	if err != nil {
		return nil, fmt.Errorf("drill: %w", err)
	}
	if len(f.Signer) != ed25519.SeedSize || len(f.Names) != sha256.Size {
		return nil, errors.New("signer or names has the wrong length")
	}
	return &Key{names: f.Names, signer: ed25519.NewKeyFromSeed(f.Signer), drill: drill}, nil
}

func makeKey(path string) (*Key, error) {
	drill, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	file := keyFile{Names: make([]byte, sha256.Size), Signer: make([]byte, ed25519.SeedSize), Drill: drill.String()}
	rand.Read(file.Names) // It never fails.
	rand.Read(file.Signer)
	text, err := json.MarshalIndent(file, "", "\t")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the key of backups: %w", err)
	}
	if err := atomicfile.Create(path, append(text, '\n'), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the key of backups: %w", err)
	}
	return LoadKey(path) // Another process may have been faster.
}

// Signer returns the public key of the machine's snapshots, for [Repository].
func (k *Key) Signer() string {
	return base64.StdEncoding.EncodeToString(k.signer.Public().(ed25519.PublicKey))
}

// SealSize is how many bytes [Key.Seal] returns.
const SealSize = ed25519.PublicKeySize + ed25519.SignatureSize

// Seal returns the public key and the signature of what a content of the target
// has: its name and its hash.
func (k *Key) Seal(name string, hash []byte) []byte {
	public := k.signer.Public().(ed25519.PublicKey)
	return append(slices.Clone(public), ed25519.Sign(k.signer, sealed(name, hash))...)
}

// CheckSeal returns [ErrForged] if the seal is not one of the signer's for a
// content. An empty signer believes everybody.
func CheckSeal(seal []byte, name string, hash []byte, signer string) error {
	if len(seal) != SealSize {
		return fmt.Errorf("%w: %s has no signature", ErrForged, name)
	}
	public, signature := ed25519.PublicKey(seal[:ed25519.PublicKeySize]), seal[ed25519.PublicKeySize:]
	if by := base64.StdEncoding.EncodeToString(public); signer != "" && by != signer {
		return fmt.Errorf("%w: %s signed %s", ErrForged, by, name)
	}
	if !ed25519.Verify(public, sealed(name, hash), signature) {
		return fmt.Errorf("%w: the signature of %s is wrong", ErrForged, name)
	}
	return nil
}

func sealed(name string, hash []byte) []byte {
	return append([]byte("odordiff backup content\n"+name+"\n"), hash...)
}

// Recipient returns the recipient that makes drills possible on this machine.
func (k *Key) Recipient() age.Recipient { return k.drill.Recipient() }

// Identity returns the identity of [Key.Recipient].
func (k *Key) Identity() age.Identity { return k.drill }

// nameOf returns the name of the object that holds a chunk for the recipients:
// a new recipient could not open what was sealed before it came.
func (k *Key) nameOf(chunk []byte, recipients []string) string {
	mac := hmac.New(sha256.New, k.names)
	for _, recipient := range recipients {
		mac.Write(append([]byte(recipient), '\n'))
	}
	mac.Write([]byte{'\n'})
	mac.Write(chunk)
	name := hex.EncodeToString(mac.Sum(nil))
	return objectFolder + name[:2] + "/" + name
}
