package deploy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The recipe is tried with a small program of this repository, and with this
// system alone: what it does is the same for each.
func TestAReleaseIsCompleteAndTheSameEachTime(t *testing.T) {
	first, second := release(t), release(t)
	name := "odordiff_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH
	want := []string{"SHA256SUMS", name + ".cdx.json", name + ".tar.gz"}
	if got := names(t, first); !slices.Equal(got, want) {
		t.Fatalf("it has %q, want %q", got, want)
	}
	for _, file := range want {
		if !bytes.Equal(content(t, first, file), content(t, second, file)) {
			t.Errorf("%s is another the second time", file)
		}
	}
	checkSums(t, first)
	checkArchive(t, first, name)
	checkBill(t, content(t, first, name+".cdx.json"))
}

// release runs the recipe and returns its directory.
func release(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	tool := regexp.MustCompile(`(?m)^CYCLONEDX\s*:= (\S+)$`).FindSubmatch(read(t, "Makefile"))
	if tool == nil {
		t.Fatal("the Makefile names no tool for bills of materials")
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(repository, ".ci/release"))
	cmd.Env = append(os.Environ(), "OUT="+out, "VERSION=v1.2.3", "TARGETS="+runtime.GOOS+"/"+runtime.GOARCH,
		"PACKAGE=./cmd/odordiff-build", "LDFLAGS=-s -w", "CYCLONEDX="+string(tool[1]), "SOURCE_DATE_EPOCH=1700000000")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return out
}

func checkSums(t *testing.T, dir string) {
	t.Helper()
	var want strings.Builder
	for _, name := range names(t, dir) {
		if name != "SHA256SUMS" {
			sum := sha256.Sum256(content(t, dir, name))
			fmt.Fprintf(&want, "%s  %s\n", hex.EncodeToString(sum[:]), name)
		}
	}
	if got := string(content(t, dir, "SHA256SUMS")); got != want.String() {
		t.Errorf("SHA256SUMS has\n%swant\n%s", got, &want)
	}
}

// checkArchive checks what is packed, and that it tells nothing of who packed
// it.
func checkArchive(t *testing.T, dir, name string) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(content(t, dir, name+".tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var packed []string
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packed = append(packed, header.Name)
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.ModTime.Unix() != 1700000000 {
			t.Errorf("%s: owner %d %q, time %v", header.Name, header.Uid, header.Uname, header.ModTime)
		}
		if filepath.Base(header.Name) == "odordiff" {
			checkBinary(t, archive, header.FileInfo().Mode())
		}
	}
	var want []string
	for _, file := range []string{"", "CHANGELOG.md", "Caddyfile", "LICENSE", "README.md", "deploy/", "odordiff"} {
		want = append(want, name+"/"+file)
	}
	if !slices.Contains(packed, name+"/deploy/systemd/upgrade") {
		t.Errorf("it lacks the script for upgrades: %q", packed)
	}
	packed = slices.DeleteFunc(packed, func(path string) bool { return strings.HasPrefix(path, name+"/deploy/") && path != name+"/deploy/" })
	if !slices.Equal(packed, want) {
		t.Errorf("it packs %q, want %q", packed, want)
	}
}

func checkBinary(t *testing.T, binary io.Reader, mode os.FileMode) {
	t.Helper()
	text, err := io.ReadAll(binary)
	if err != nil {
		t.Fatal(err)
	}
	build, err := buildinfo.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath=true"} {
		if !strings.Contains(build.String(), want) {
			t.Errorf("the binary is not built with %s:\n%s", want, build)
		}
	}
	if mode.Perm() != 0o755 {
		t.Errorf("its mode is %v", mode)
	}
}

func checkBill(t *testing.T, text []byte) {
	t.Helper()
	var bill struct {
		BOMFormat string `json:"bomFormat"`
		Metadata  struct {
			Component struct{ Name, Version string }
		}
		Components []struct{ Name string }
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.Metadata.Component.Version != "v1.2.3" {
		t.Errorf("it is the %s of %+v", bill.BOMFormat, bill.Metadata.Component)
	}
	if len(bill.Components) < 2 {
		t.Errorf("it lists only %v", bill.Components)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func content(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
