package policydir

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The profiles. Scent is what a directory has of which nothing else is known.
const (
	Scent = "scent" // for prompts that describe scents
	Chat  = "chat"  // for general services that speak OpenAI's protocol
)

// Profiles are the names of all profiles.
var Profiles = []string{Scent, Chat}

// Profile is a policy that is shipped: its files by their paths.
type Profile struct {
	Name  string
	Files map[string][]byte
}

// where the profiles are in the shipped tree
const (
	scentDir    = "policies"
	profilesDir = "profiles"
)

// shared are the files of the scent profile that the others have too.
var shared = []string{
	"README.md",
	"decision.rego",
	"decision_test.rego",
	"hazards/data.yaml",
	"rules/personal.rego",
	"rules/personal_test.rego",
}

// ReadProfile reads a profile from the shipped tree, which has the directories
// policies and profiles. An unknown name is an error that lists the known ones.
func ReadProfile(tree fs.FS, name string) (Profile, error) {
	if !slices.Contains(Profiles, name) {
		return Profile{}, fmt.Errorf("there is no profile %q: choose %s", name, strings.Join(Profiles, " or "))
	}
	p := Profile{name, map[string][]byte{}}
	if name == Scent {
		return p, p.add(tree, scentDir)
	}
	for _, file := range shared {
		content, err := fs.ReadFile(tree, path.Join(scentDir, file))
		if err != nil {
			return Profile{}, fmt.Errorf("reading the shipped policies: %w", err)
		}
		p.Files[file] = content
	}
	return p, p.add(tree, path.Join(profilesDir, name))
}

// add adds the files below a directory of the tree.
func (p Profile) add(tree fs.FS, dir string) error {
	err := fs.WalkDir(tree, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		file := strings.TrimPrefix(name, dir+"/")
		if _, twice := p.Files[file]; twice && err == nil {
			err = errors.New("two files are unpacked as " + file)
		}
		p.Files[file] = content
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the shipped policies: %w", err)
	}
	return nil
}

// ProfileIn returns the name of the profile that was unpacked into a
// directory; [Scent] if nothing is known of it.
func ProfileIn(dir string) (string, error) {
	read, err := recordIn(dir)
	if err != nil {
		return "", fmt.Errorf("reading what was unpacked into %s: %w", dir, err)
	}
	if read == nil {
		return Scent, nil
	}
	return read.Profile, nil
}
