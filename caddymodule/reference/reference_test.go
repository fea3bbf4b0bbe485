package reference

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	_ "github.com/odordiff/odordiff/caddymodule"
)

const (
	root      = "../.."
	directory = root + "/docs/reference"
)

var update = flag.Bool("update", false, "write the pages instead of comparing them")

func TestThePagesAreWhatTheSourcesSay(t *testing.T) {
	files, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join(directory, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(got), want); diff != "" {
			t.Errorf("docs/reference/%s is not what the sources say: run `make reference`\n%s", name, diff)
		}
	}
	present, err := filepath.Glob(filepath.Join(directory, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range present {
		if _, wanted := files[filepath.Base(path)]; !wanted {
			t.Errorf("nothing writes %s: delete it", path)
		}
	}
}

// TestEveryModuleHasAPage finds the modules of the gateway by their options.
func TestEveryModuleHasAPage(t *testing.T) {
	described := make(map[caddy.ModuleID]bool)
	for _, p := range pages() {
		for _, m := range p.modules {
			described[m.config.CaddyModule().ID] = true
		}
	}
	for _, name := range caddy.Modules() {
		info, err := caddy.GetModule(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ours := info.New().(config); ours && !described[info.ID] {
			t.Errorf("%s has no page", info.ID)
		}
	}
}
