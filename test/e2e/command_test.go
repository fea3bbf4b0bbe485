package e2e

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoCommandReplacesTheBinaryByAPlainCaddy(t *testing.T) {
	t.Parallel()
	help, stderr, code := run(t, nil, "--help")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, args := range [][]string{{"upgrade"}, {"add-package", "example.com/x"}, {"remove-package", "example.com/x"}} {
		stdout, stderr, code := run(t, nil, args...)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "replace the binary by a newer release's") {
			t.Errorf("%s: exit code %d, want one line that says how to upgrade:\n%s%s", args[0], code, stdout, stderr)
		}
		if strings.Contains(help, args[0]) {
			t.Errorf("the help offers %s", args[0])
		}
	}
}

func TestTheVersionIsThatOfTheBuild(t *testing.T) {
	build, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run(t, nil, "version")
	if code != 0 || !strings.HasPrefix(stdout, build.Main.Version+" ") {
		t.Errorf("exit code %d, want %s and then Caddy's version: %q %s", code, build.Main.Version, stdout, stderr)
	}
}

func TestHelpPointsToOurPages(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"up", "--help"}, {"policy", "--help"}, {"run", "--help"}} {
		stdout, stderr, code := run(t, nil, args...)
		if code != 0 || !strings.Contains(stdout, "https://github.com/odordiff/odordiff/tree/main/docs") {
			t.Errorf("%s: exit code %d, and no address of ours in\n%s%s", strings.Join(args, " "), code, stdout, stderr)
		}
	}
}

func TestManpagesKeepTheirPlaceholders(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man")
	if _, stderr, code := run(t, nil, "manpage", "--directory", dir); code != 0 {
		t.Fatal(stderr)
	}
	for page, want := range map[string]string{
		"odordiff-token.8":        "[--subject <name>] [--scope <scope>]... [--ttl <duration>]",
		"odordiff-sign.8":         "[--data <data>|@<file>]",
		"odordiff-keyring-init.8": "[--file <file>]",
		"odordiff-reload.8":       "--config <path>",
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(text), want) || !strings.Contains(string(text), `"`+strings.ToUpper(strings.TrimSuffix(page, ".8"))+`"`) {
			t.Errorf("%s: want its title and %q in\n%.600s", page, want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "odordiff-upgrade.8")); err == nil {
		t.Error("there is a page of a command that is not available")
	}
}
