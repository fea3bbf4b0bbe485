package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/odordiff/odordiff/internal/audit"
)

// rollbacks are ways to make a trail another one that is valid by itself, and
// what the trail says of each when it is opened.
var rollbacks = map[string]struct {
	do    func(f forger, signed string)
	cause string
}{
	"the end is cut off": {func(f forger, _ string) {
		f.edit(3, func(l []string) []string { return l[:firstSignature+1] })
	}, "behind"},
	"the end is cut off in the records that no signature covers": {func(f forger, _ string) {
		f.edit(3, func(l []string) []string { return l[:lastLine-2] })
	}, "behind"},
	"the end is cut off, and as many events are put in": {func(f forger, _ string) {
		f.edit(3, func(l []string) []string {
			return append(l[:firstSignature+1], l[firstEvent], l[firstEvent], l[firstEvent], l[firstEvent], l[firstEvent])
		})
		f.relink(3, firstSignature+1)
	}, "differs"},
	"the last segment is deleted": {func(f forger, _ string) { remove(f.t, f.path(3)) }, "behind"},
	"all segments are deleted": {func(f forger, _ string) {
		for segment := range 3 {
			remove(f.t, f.path(segment+1))
		}
	}, "behind"},
	"another trail of the key takes its place": {func(f forger, signed string) {
		other := filepath.Join(f.t.TempDir(), "other")
		key := audit.KeyFileOf(other)
		if err := os.MkdirAll(other, 0o700); err != nil {
			f.t.Fatal(err)
		}
		write(f.t, key, readFile(f.t, filepath.Join(f.folder, "..", "key.json")))
		makeTrail(f.t, audit.Options{Folder: other})
		for segment := range 3 {
			write(f.t, f.path(segment+1), readFile(f.t, forger{f.t, other}.path(segment+1)))
		}
	}, "other trail"},
	"the last signature is changed": {func(f forger, signed string) {
		write(f.t, signed, []byte(strings.Replace(string(readFile(f.t, signed)), "\n35\n", "\n30\n", 1)))
	}, "unreadable"},
	"the last signature is emptied": {func(f forger, signed string) { write(f.t, signed, nil) }, "unreadable"},
}

func TestATrailThatWasRolledBackSaysSo(t *testing.T) {
	for what, test := range rollbacks {
		t.Run(what, func(t *testing.T) {
			f := forger{t, filepath.Join(t.TempDir(), "trail")}
			options := audit.Options{Folder: f.folder, KeyFile: filepath.Join(f.folder, "..", "key.json")}
			makeTrail(t, options)
			test.do(f, audit.SignedFileOf(options.KeyFile))

			options.Strict = true
			if trail, err := audit.Open(options); !errors.Is(err, audit.ErrRolledBack) {
				t.Fatalf("a strict trail %v: %v", trail, err)
			}
			options.Strict = false
			trail := open(t, options)
			if err := trail.Status().RolledBack; !errors.Is(err, audit.ErrRolledBack) {
				t.Errorf("the status says %v", err)
			}
			add(t, trail, 1)
			closeTrail(t, trail)
			wantFault(t, f.folder, audit.ReadOptions{}, "the trail was rolled back before it ("+test.cause+")")

			options.Strict = true // It is recorded, and that was signed.
			closeTrail(t, open(t, options))
		})
	}
}

func TestATrailThatWasNotRolledBackIsOpened(t *testing.T) {
	for what, do := range map[string]func(f forger, signed string, older []byte){
		"the process ended between a signature and the file": func(f forger, signed string, older []byte) { write(f.t, signed, older) },
		"the file is from before the trail kept it":          func(f forger, signed string, _ []byte) { remove(f.t, signed) },
		"what it vouches for was old and deleted": func(f forger, signed string, older []byte) {
			for range 3 {
				closeTrail(f.t, open(f.t, audit.Options{Folder: f.folder, RetainCount: 1}))
			}
			write(f.t, signed, older)
		},
		"a record was not finished": func(f forger, _ string, _ []byte) {
			write(f.t, f.path(3), append(readFile(f.t, f.path(3)), `{"body":{"ev`...))
		},
		"the key was rotated": func(f forger, _ string, _ []byte) {
			for range 2 {
				if _, err := audit.RotateKey(audit.KeyFileOf(f.folder)); err != nil {
					f.t.Fatal(err)
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := forger{t, t.TempDir()}
			signed := audit.SignedFileOf(audit.KeyFileOf(f.folder))
			closeTrail(t, open(t, audit.Options{Folder: f.folder}))
			older := readFile(t, signed)
			for range 2 {
				trail := open(t, audit.Options{Folder: f.folder})
				add(t, trail, 3)
				closeTrail(t, trail)
			}
			do(f, signed, older)
			trail := open(t, audit.Options{Folder: f.folder, Strict: true})
			add(t, trail, 1)
			closeTrail(t, trail)
			read(t, f.folder, audit.ReadOptions{})
		})
	}
}

func TestASignatureThatCannotBeKeptDoesNotStopTheTrail(t *testing.T) {
	folder := t.TempDir()
	disk := new(audit.FaultyDisk)
	disk.Fail(failing("replace", syscall.EROFS))
	trail, err := audit.OpenOn(disk, audit.Options{Folder: folder, SignAfter: 2})
	if err != nil {
		t.Fatal(err)
	}
	add(t, trail, 3)
	if status := trail.Status(); !errors.Is(status.Unkept, syscall.EROFS) || status.Err != nil || status.Recorded != 3 {
		t.Errorf("status %+v", status)
	}
	disk.Heal()
	add(t, trail, 2)
	if err := trail.Status().Unkept; err != nil {
		t.Errorf("unkept: %v after the disk works again", err)
	}
	closeTrail(t, trail)
	signed, err := audit.ParseCheckpoint(readFile(t, audit.SignedFileOf(audit.KeyFileOf(folder))))
	if err != nil {
		t.Fatal(err)
	}
	if report := read(t, folder, audit.ReadOptions{Checkpoint: signed}); signed.Seq() != report.Signed {
		t.Errorf("record %d is kept, and %d was signed last", signed.Seq(), report.Signed)
	}
}
