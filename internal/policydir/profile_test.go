package policydir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

const repository = "../.."

func profile(t *testing.T, name string) Profile {
	t.Helper()
	p, err := ReadProfile(os.DirFS(repository), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEachProfileIsAWholePolicy(t *testing.T) {
	for _, name := range Profiles {
		p := profile(t, name)
		for _, file := range []string{"README.md", "decision.rego", "data.yaml", "terms/data.yaml", "hazards/data.yaml", "rules/hazards.rego", "rules/injection.rego"} {
			if len(p.Files[file]) == 0 {
				t.Errorf("%s has no %s", name, file)
			}
		}
	}
	if _, found := profile(t, Chat).Files["rules/topic.rego"]; found {
		t.Error("chat is held to the topic of scents")
	}
}

func TestAnUnknownProfileNamesTheChoices(t *testing.T) {
	_, err := ReadProfile(os.DirFS(repository), "talk")
	if err == nil || !strings.Contains(err.Error(), `no profile "talk": choose scent or chat`) {
		t.Errorf("error = %v", err)
	}
}

func TestAProfileMayNotReplaceWhatItShares(t *testing.T) {
	tree := fstest.MapFS{"profiles/chat/decision.rego": {Data: []byte("its own")}}
	for _, file := range shared {
		tree["policies/"+file] = &fstest.MapFile{}
	}
	if _, err := ReadProfile(tree, Chat); err == nil || !strings.Contains(err.Error(), "decision.rego") {
		t.Errorf("error = %v", err)
	}
}

func TestADirectoryKeepsItsProfile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	if name, err := ProfileIn(dir); err != nil || name != Scent {
		t.Errorf("before there is one: %q, %v", name, err)
	}
	if _, err := Renew(dir, profile(t, Chat), false); err != nil {
		t.Fatal(err)
	}
	if name, err := ProfileIn(dir); err != nil || name != Chat {
		t.Errorf("its profile is %q, %v", name, err)
	}
	_, err := Renew(dir, profile(t, Scent), true)
	if err == nil || !strings.Contains(err.Error(), "has the profile chat") {
		t.Errorf("another profile: %v", err)
	}
}

func TestARecordWithoutAProfileIsOfTheScentProfile(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, recordName, `{"files": {}}`)
	if name, err := ProfileIn(dir); err != nil || name != Scent {
		t.Errorf("its profile is %q, %v", name, err)
	}
	if _, err := Renew(dir, profile(t, Chat), false); err == nil {
		t.Error("it became another")
	}
}
