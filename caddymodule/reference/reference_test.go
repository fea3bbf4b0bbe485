package reference

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/keyring"
)

const (
	root   = "../.."
	folder = root + "/docs/reference"
)

var update = flag.Bool("update", false, "write the pages instead of comparing them")

func TestThePagesAreWhatTheSourcesSay(t *testing.T) {
	files, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join(folder, name)
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
	present, err := filepath.Glob(filepath.Join(folder, "*.md"))
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

func TestTheExamplesLoad(t *testing.T) {
	shipped, err := filepath.Abs(filepath.Join(root, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Abs("../auth/testdata/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, target := range map[string]string{"policies": shipped, "jwks.json": keys} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := keyring.Generate().Write("keyring.json"); err != nil {
		t.Fatal(err)
	}
	for _, p := range pages() {
		for _, m := range p.modules {
			t.Run(m.config.Options().Name, func(t *testing.T) { load(t, m) })
		}
	}
}

func load(t *testing.T, m module) {
	text := fmt.Sprintf(m.within, m.example(2))
	options, sites := "", text
	if rest, ok := strings.CutPrefix(text, "{\n"); ok { // It begins with global options.
		options, sites, _ = strings.Cut(rest, "\n}\n")
	}
	adapted, err := edgetest.Adapt("{\nadmin off\npersist_config off\nstorage file_system " + t.TempDir() + "\n" + options + "\n}\n" + sites)
	if err != nil {
		t.Fatal(err)
	}
	var config caddy.Config
	if err := caddy.StrictUnmarshalJSON(adapted, &config); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&config); err != nil {
		t.Error(err)
	}
}
