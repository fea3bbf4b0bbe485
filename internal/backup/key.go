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

// Recipient returns the recipient that makes drills possible on this machine.
func (k *Key) Recipient() age.Recipient { return k.drill.Recipient() }

// Identity returns the identity of [Key.Recipient].
func (k *Key) Identity() age.Identity { return k.drill }

// nameOf returns the name of the object that holds a chunk.
func (k *Key) nameOf(chunk []byte) string {
	mac := hmac.New(sha256.New, k.names)
	mac.Write(chunk)
	name := hex.EncodeToString(mac.Sum(nil))
	return objectFolder + name[:2] + "/" + name
}
