package promptpolicy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxFiles      = 1000
	maxTotalBytes = 16 << 20
	maxDirDepth   = 8
	// settleReads is the most times that a directory is read until two readings
	// are equal.
	settleReads = 3
)

// Snapshot is the content of a policy directory at one moment: its rules
// (*.rego), tests (*_test.rego), data (data.json, data.yaml) and schemas
// (*.json under schemas/). Other files, and those whose name begins with a dot,
// do not belong to it.
type Snapshot struct {
	// Hash names the content: hexadecimal, the same for equal directories.
	Hash string

	paths []string
	files map[string][]byte
}

// ReadSnapshot reads a policy directory. A directory that changes while it is
// read is read again, so that half an edit is not taken for a version. In a
// directory that Kubernetes mounts, the files are read through the ..data link,
// which switches all of them at once.
func ReadSnapshot(dir string) (*Snapshot, error) {
	snap, err := readOnce(dir)
	for range settleReads - 1 {
		if err != nil {
			return nil, err
		}
		again, againErr := readOnce(dir)
		if againErr == nil && again.Hash == snap.Hash {
			return snap, nil
		}
		snap, err = again, againErr
	}
	return snap, err
}

func readOnce(dir string) (*Snapshot, error) {
	snap := &Snapshot{files: map[string][]byte{}}
	if err := snap.read(dataRoot(dir), "", 0); err != nil {
		return nil, fmt.Errorf("reading policy directory %s: %w", dir, err)
	}
	if len(snap.files) == 0 {
		return nil, fmt.Errorf("policy directory %s has no .rego file", dir)
	}
	snap.index()
	return snap, nil
}

// index derives the paths and the hash from the files.
func (s *Snapshot) index() {
	s.paths = slices.Sorted(maps.Keys(s.files))
	s.Hash = s.sum()
}

// dataRoot returns the directory that holds the files: the target of the ..data
// link, if there is one.
func dataRoot(dir string) string {
	if target, err := filepath.EvalSymlinks(filepath.Join(dir, "..data")); err == nil {
		return target
	}
	return dir
}

func (s *Snapshot) read(root, sub string, depth int) error {
	if depth > maxDirDepth {
		return fmt.Errorf("%s: nested deeper than %d directories", sub, maxDirDepth)
	}
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(sub)))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := s.readEntry(root, path.Join(sub, entry.Name()), depth); err != nil {
			return err
		}
	}
	return nil
}

func (s *Snapshot) readEntry(root, name string, depth int) error {
	file := filepath.Join(root, filepath.FromSlash(name))
	// Stat follows links: an editor or a mount may have made them.
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since the listing, as an editor's temporary file may be
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return s.read(root, name, depth+1)
	}
	if !belongs(name) || !info.Mode().IsRegular() {
		return nil
	}
	if len(s.files) == maxFiles || s.size()+info.Size() > maxTotalBytes {
		return fmt.Errorf("more than %d files or %d MiB", maxFiles, maxTotalBytes>>20)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	s.files[name] = content
	return nil
}

func (s *Snapshot) size() (total int64) {
	for _, content := range s.files {
		total += int64(len(content))
	}
	return total
}

func (s *Snapshot) sum() string {
	hash := sha256.New()
	for _, name := range s.paths {
		for _, part := range [][]byte{[]byte(name), s.files[name]} {
			_ = binary.Write(hash, binary.BigEndian, uint64(len(part)))
			hash.Write(part)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:12])
}

// Rego returns the rule and test files by path.
func (s *Snapshot) Rego() map[string][]byte {
	found := map[string][]byte{}
	for name, content := range s.files {
		if isRego(name) {
			found[name] = content
		}
	}
	return found
}

func belongs(name string) bool { return isRego(name) || isData(name) || isSchema(name) }

func isRego(name string) bool { return path.Ext(name) == ".rego" }

func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

func isData(name string) bool {
	return slices.Contains([]string{"data.json", "data.yaml", "data.yml"}, path.Base(name))
}

func isSchema(name string) bool {
	return strings.HasPrefix(name, schemaDir) && path.Ext(name) == ".json" && !isData(name)
}
