package audit_test

import (
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/audit"
)

// FuzzRead reads a trail with one segment of any content. What is signed and
// without a fault is the original, or the start of it.
func FuzzRead(f *testing.F) {
	someone := identity(f)
	folder := f.TempDir()
	trail := open(f, audit.Options{Folder: folder, SignAfter: 3, Recipients: []age.Recipient{someone.Recipient()}})
	add(f, trail, 4)
	closeTrail(f, trail)
	whole := readFile(f, filepath.Join(folder, "00000001.audit"))
	public, err := audit.ReadKey(audit.KeyFileOf(folder))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"body":{},"prev":"","seq":1}` + "\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "00000001.audit"), content)
		options := audit.ReadOptions{Key: public.Public(), Identities: []age.Identity{someone}}
		report, err := audit.Read(folder, options)
		if err != nil {
			t.Fatal(err)
		}
		signed := strings.Join(strings.SplitAfterN(string(content), "\n", int(report.Signed)+1)[:report.Signed], "")
		if len(report.Faults) == 0 && (signed == "" || !strings.HasPrefix(string(whole), signed)) {
			t.Errorf("no fault in %q", content)
		}
		if whole, err := audit.ReadTail(folder, 1); err != nil || whole > int64(len(content)) {
			t.Errorf("%d bytes of %d are whole records: %v", whole, len(content), err)
		}
	})
}

// FuzzParseCheckpoint holds that a checkpoint that can be read is written as it
// was.
func FuzzParseCheckpoint(f *testing.F) {
	folder := f.TempDir()
	closeTrail(f, open(f, audit.Options{Folder: folder}))
	f.Add([]byte(read(f, folder, audit.ReadOptions{}).Latest.String()))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := audit.ParseCheckpoint(text)
		if err == nil && c.String() != strings.TrimRight(string(text), "\n")+"\n" {
			t.Errorf("%q became %q", text, c)
		}
	})
}
