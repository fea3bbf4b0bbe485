// Package policydir keeps a directory of shipped policies up to date: files
// that nobody edited follow the program's version, the others are their
// editor's.
package policydir

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

const (
	// recordName is the file in the directory that says what was unpacked. Its
	// name begins with a dot, so it is no part of the policy.
	recordName = ".shipped.json"
	// editedSuffix is added to the name of an edited file that is replaced.
	editedSuffix = ".edited"
)

// formerSums are the sums of all files that were shipped before there was a
// record of them, in the format of sha256sum. Nothing is ever added.
//
//go:embed former.sha256
var formerSums string

// Report says what became of a directory's files, by their paths in it.
type Report struct {
	// Fresh is whether there was no directory before.
	Fresh bool
	// Written are files that are new, or were replaced by a newer version.
	Written []string
	// Removed are unedited files that are shipped no more.
	Removed []string
	// Edited are files that were edited or removed and are not as shipped.
	Edited []string
	// Saved are copies of edited files that were replaced.
	Saved []string
}

// Changed reports whether anything was written or removed.
func (r Report) Changed() bool { return len(r.Written)+len(r.Removed) > 0 }

// renewal is one run of [Renew].
type renewal struct {
	dir     string
	force   bool
	shipped Profile
	// the profile and the sums of what was unpacked last; empty without a record
	profile string
	record  map[string]string
	// the sums of what was ever unpacked before there were records
	former map[string][]string
	report Report
}

// Renew unpacks a profile into the directory, which it makes. Files there that
// were edited are left alone, unless force is set: then they are replaced, and
// saved beside it. Files that were never shipped are not touched. It is an
// error if another profile was unpacked there.
func Renew(dir string, shipped Profile, force bool) (Report, error) {
	r := renewal{dir: dir, force: force, shipped: shipped, former: parseSums(formerSums)}
	if err := r.run(); err != nil {
		return r.report, fmt.Errorf("renewing the policies in %s: %w", dir, err)
	}
	return r.report, nil
}

func (r *renewal) run() error {
	if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) {
		r.report.Fresh = true
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil { //nolint:gosec // policies are no secret
		return err
	}
	if err := r.readRecord(); err != nil {
		return err
	}
	if r.profile != "" && r.profile != r.shipped.Name {
		return fmt.Errorf("it has the profile %s: unpack %s into another directory", r.profile, r.shipped.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(r.shipped.Files)) {
		if err := r.renew(name); err != nil {
			return err
		}
	}
	for _, name := range r.dropped() {
		if err := r.drop(name); err != nil {
			return err
		}
	}
	return r.writeRecord()
}

// renew brings one shipped file up to date.
func (r *renewal) renew(name string) error {
	content, err := os.ReadFile(r.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if r.record[name] != "" && !r.force {
			r.report.Edited = append(r.report.Edited, name) // somebody removed it
			return nil
		}
	case err != nil:
		return err
	case sum(content) == sum(r.shipped.Files[name]):
		return nil
	case !r.isUnedited(name, content) && !r.force:
		r.report.Edited = append(r.report.Edited, name)
		return nil
	case !r.isUnedited(name, content):
		if err := write(r.path(name+editedSuffix), content); err != nil {
			return err
		}
		r.report.Saved = append(r.report.Saved, name+editedSuffix)
	}
	r.report.Written = append(r.report.Written, name)
	return write(r.path(name), r.shipped.Files[name])
}

// dropped returns the files that were shipped once and are no more.
func (r *renewal) dropped() (names []string) {
	once := maps.Clone(r.record)
	if r.record == nil {
		once = map[string]string{}
		for name := range r.former {
			once[name] = ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(once)) {
		if _, still := r.shipped.Files[name]; !still {
			names = append(names, name)
		}
	}
	return names
}

func (r *renewal) drop(name string) error {
	content, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !r.isUnedited(name, content) {
		if !r.force {
			r.report.Edited = append(r.report.Edited, name)
			return nil
		}
		if err := write(r.path(name+editedSuffix), content); err != nil {
			return err
		}
		r.report.Saved = append(r.report.Saved, name+editedSuffix)
	}
	r.report.Removed = append(r.report.Removed, name)
	return os.Remove(r.path(name))
}

func (r *renewal) isUnedited(name string, content []byte) bool {
	if r.record != nil {
		return r.record[name] == sum(content)
	}
	return slices.Contains(r.former[name], sum(content))
}

func (r *renewal) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// record is the content of the file that says what was unpacked.
type record struct {
	Profile string            `json:"profile"`
	Files   map[string]string `json:"files"`
}

func (r *renewal) readRecord() error {
	read, err := recordIn(r.dir)
	if err != nil || read == nil {
		return err
	}
	r.profile = read.Profile
	if r.record = read.Files; r.record == nil {
		r.record = map[string]string{}
	}
	for name := range r.record {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%s: %q is no path in the directory", recordName, name)
		}
	}
	return nil
}

// recordIn returns the record of a directory; nil if there is none.
func recordIn(dir string) (*record, error) {
	content, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	read := &record{}
	if err := json.Unmarshal(content, read); err != nil {
		return nil, fmt.Errorf("%s: %w: remove the file, and all others count as edited unless they are of a former version", recordName, err)
	}
	// Records of former versions name no profile: there was one.
	read.Profile = cmp.Or(read.Profile, Scent)
	return read, nil
}

func (r *renewal) writeRecord() error {
	sums := map[string]string{}
	for name, content := range r.shipped.Files {
		sums[name] = sum(content)
	}
	if maps.Equal(sums, r.record) {
		return nil
	}
	content, err := json.MarshalIndent(record{r.shipped.Name, sums}, "", "  ")
	if err != nil {
		return err
	}
	return write(r.path(recordName), append(content, '\n'))
}

// write puts a file in place, with the directories that lead to it.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // policies are no secret
		return err
	}
	return atomicfile.Replace(path, content, 0o644)
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

func parseSums(text string) map[string][]string {
	sums := map[string][]string{}
	for line := range strings.Lines(text) {
		if digest, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			sums[name] = append(sums[name], digest)
		}
	}
	return sums
}
