package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/odordiff/odordiff/internal/audit"
)

// forger changes a trail as somebody does who can write the files, but does not
// have the signing key.
type forger struct {
	t      *testing.T
	folder string
}

func (f forger) path(segment int) string {
	return filepath.Join(f.folder, fmt.Sprintf("%08d.audit", segment))
}

func (f forger) lines(segment int) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(readFile(f.t, f.path(segment))), "\n"), "\n")
}

// edit changes the lines of a segment.
func (f forger) edit(segment int, change func(lines []string) []string) {
	lines := f.lines(segment)
	lines[len(lines)-1] += "\n"
	write(f.t, f.path(segment), []byte(strings.Join(change(lines), "")))
}

// replace replaces a text in one line.
func (f forger) replace(segment, line int, old, with string) {
	f.edit(segment, func(lines []string) []string {
		if !strings.Contains(lines[line], old) {
			f.t.Fatalf("line %d has no %q: %s", line, old, lines[line])
		}
		lines[line] = strings.Replace(lines[line], old, with, 1)
		return lines
	})
}

var ends = regexp.MustCompile(`,"prev":"[^"]*","seq":\d+}\n$`)

// relink makes every record commit to the one before it, from a line on.
func (f forger) relink(segment, from int) {
	for ; ; segment, from = segment+1, 0 {
		if _, err := os.Stat(f.path(segment)); err != nil {
			return
		}
		f.edit(segment, func(lines []string) []string {
			for i := from; i < len(lines); i++ {
				before := f.before(segment, lines, i)
				lines[i] = ends.ReplaceAllString(lines[i], fmt.Sprintf(",\"prev\":\"%s\",\"seq\":%d}\n", hashOf(before), seqOf(f.t, before)+1))
			}
			return lines
		})
	}
}

func (f forger) before(segment int, lines []string, i int) string {
	if i > 0 {
		return lines[i-1]
	}
	if segment == 1 {
		return ""
	}
	lines = f.lines(segment - 1)
	return lines[len(lines)-1] + "\n"
}

func hashOf(line string) string {
	var sum [32]byte
	if line != "" {
		sum = sha256.Sum256([]byte(strings.TrimSuffix(line, "\n")))
	}
	return base64.StdEncoding.EncodeToString(sum[:])
}

func seqOf(t *testing.T, line string) int {
	seq := 0
	if line == "" {
		return 0
	}
	if _, err := fmt.Sscanf(line[strings.LastIndex(line, `"seq":`):], `"seq":%d}`, &seq); err != nil {
		t.Fatal(err)
	}
	return seq
}

// Each segment of the trail has these lines: the first record, its signature,
// events r0 to r3 of the segment, a signature, events r4 to r7, a signature.
const firstEvent, firstSignature, lastLine = 2, 6, 11

// tamperings are ways to change a trail, and what a verifier says of each. The
// trail has the segments 1, 2 and 3.
var tamperings = map[string]struct {
	do     func(f forger)
	want   string
	anchor bool // only a checkpoint shows it
	key    bool // the expected key is given
}{
	"an event is changed": {do: func(f forger) { f.replace(2, firstEvent, `":"`, `":"x`) },
		want: "00000002.audit:4: record 16: it commits to another record 15 than the one before it"},
	"an event is changed, and all hashes after it": {do: func(f forger) {
		f.replace(1, firstEvent, `":"`, `":"x`)
		f.relink(1, firstEvent+1)
	}, want: "00000001.audit:7: record 7: the signature does not fit"},
	"the last event is changed": {do: func(f forger) { f.replace(3, lastLine-1, `":"`, `":"x`) },
		want: "00000003.audit:12: record 36: it commits to another record 35"},
	"the number of a record is changed": {do: func(f forger) { f.replace(1, firstEvent, `"seq":3}`, `"seq":8}`) },
		want: "record 8: records 3 to 7 are missing before it"},
	"the hash in a record is changed": {do: func(f forger) {
		f.replace(1, firstEvent, `,"prev":"`+hashOf(f.lines(1)[firstEvent-1]), `,"prev":"`+hashOf("x"))
	},
		want: "00000001.audit:3: record 3: it commits to another record 2"},
	"an event is deleted": {do: func(f forger) {
		f.edit(2, func(l []string) []string { return slices.Delete(l, firstEvent, firstEvent+1) })
	},
		want: "00000002.audit:3: record 16: records 15 to 15 are missing before it"},
	"an event is deleted, and all later ones are linked": {do: func(f forger) {
		f.edit(2, func(l []string) []string { return slices.Delete(l, firstEvent, firstEvent+1) })
		f.relink(2, firstEvent)
	}, want: "00000002.audit:6: record 18: the signature does not fit"},
	"two events change places": {do: func(f forger) {
		f.edit(1, func(l []string) []string { l[2], l[3] = l[3], l[2]; return l })
	}, want: "00000001.audit:4: record 3: it stands after record 4: it is there twice, or out of its order"},
	"an event is there twice": {do: func(f forger) { f.edit(1, func(l []string) []string { return slices.Insert(l, 3, l[2]) }) },
		want: "00000001.audit:4: record 3: it stands after record 3"},
	"an event is put in": {do: func(f forger) {
		f.edit(1, func(l []string) []string {
			made := ends.ReplaceAllString(l[3], fmt.Sprintf(",\"prev\":\"%s\",\"seq\":4}\n", hashOf(l[2])))
			return slices.Insert(l, 3, strings.Replace(made, `":"`, `":"y`, 1))
		})
	}, want: "00000001.audit:5: record 4: it stands after record 4"},
	"an event is moved to another segment": {do: func(f forger) {
		moved := f.lines(1)[firstEvent]
		f.edit(1, func(l []string) []string { return slices.Delete(l, firstEvent, firstEvent+1) })
		f.edit(2, func(l []string) []string { return slices.Insert(l, firstEvent, moved) })
	}, want: "00000002.audit:3: record 3: it stands after record 14"},
	"a signature is changed": {do: func(f forger) { f.replace(3, firstSignature, `"signature":"`, `"signature":"AAAA`) },
		want: "record 31: the signature does not fit"},
	"the time of a signature is changed, and all hashes after it": {do: func(f forger) {
		f.replace(3, lastLine, `"time":"20`, `"time":"19`)
	}, want: "00000003.audit:12: record 36: the signature does not fit"},
	"the signatures are deleted": {do: func(f forger) {
		for segment := range 3 {
			f.edit(segment+1, func(l []string) []string {
				return slices.DeleteFunc(l, func(line string) bool { return strings.Contains(line, "trail.signature") })
			})
		}
		f.relink(1, 1)
	}, want: "00000001.audit:2: record 2: the first record of the segment is not signed"},
	"the signatures but the first are deleted": {do: func(f forger) {
		for segment := range 3 {
			f.edit(segment+1, func(l []string) []string { return slices.Delete(l, 1, 2) })
		}
		f.relink(1, 1)
	}, want: "00000003.audit:2: record 24: the first record of the segment is not signed"},
	"many events are put in after the last signature": {do: func(f forger) {
		f.edit(3, func(l []string) []string {
			event := l[firstEvent]
			for range 3000 {
				l = append(l, event)
			}
			return l
		})
		f.relink(3, lastLine+1)
	}, want: "00000003.audit:2066: record 2090: more than 2053 records follow each other without a signature"},
	"an event is not JSON": {do: func(f forger) {
		f.edit(3, func(l []string) []string { return append(l, `{"body":{},},"prev":"","seq":1}`+"\n") })
		f.relink(3, lastLine+1)
	}, want: "record 37: its event is not a JSON object"},
	"all is written again with the public key": {do: func(f forger) {
		for segment := range 3 {
			f.edit(segment+1, func(l []string) []string {
				return slices.DeleteFunc(l, func(line string) bool { return strings.Contains(line, "trail.signature") })
			})
		}
		f.relink(1, 1)
	}, want: "the trail is not signed with the expected key, nor with one that it endorsed", key: true},
	"the last record is cut off": {do: func(f forger) { f.edit(3, func(l []string) []string { return l[:lastLine-1] }) },
		want: "vouches for record 35, but the trail ends with record 34", anchor: true},
	"the end of the last record is cut off": {do: func(f forger) {
		f.edit(3, func(l []string) []string { l[lastLine-1] = l[lastLine-1][:30]; return l[:lastLine] })
	}, want: "vouches for record 35, but the trail ends with record 34", anchor: true},
	"the last segment is deleted": {do: func(f forger) { remove(f.t, f.path(3)) },
		want: "vouches for record 35, but the trail ends with record 24", anchor: true},
	"the first segment is deleted": {do: func(f forger) { remove(f.t, f.path(1)) },
		want: "00000001.audit: the segments before record 13 are missing, and no signed record says that they were deleted"},
	"the first segment is deleted, and a record says that it was old": {do: func(f forger) {
		last := f.lines(1)[lastLine]
		remove(f.t, f.path(1))
		f.edit(3, func(l []string) []string {
			made := fmt.Sprintf(`{"body":{"event":"trail.retention","fields":{"head":"%s","reason":"age","segment":1,"seq":12},"time":"2026-01-01T00:00:00.000000Z"},"prev":"","seq":1}`+"\n", hashOf(last))
			return append(l, made)
		})
		f.relink(3, lastLine+1)
	}, want: "no signed record says that they were deleted"},
	"a segment in the middle is deleted": {do: func(f forger) { remove(f.t, f.path(2)) },
		want: "00000002.audit: the segment is missing: after 1 comes 3"},
	"the segments are renamed over a deleted one": {do: func(f forger) { rename(f.t, f.path(3), f.path(2)) },
		want: "00000002.audit:1: record 25: the segment says that its number is 3"},
	"two segments change places": {do: func(f forger) {
		rename(f.t, f.path(1), f.path(9))
		rename(f.t, f.path(2), f.path(1))
		rename(f.t, f.path(9), f.path(2))
	}, want: "00000001.audit:1: record 13: the segment says that its number is 2"},
	"a segment is there twice": {do: func(f forger) { write(f.t, f.path(4), readFile(f.t, f.path(3))) },
		want: "00000004.audit:1: record 25: it stands after record 36"},
	"a segment is emptied": {do: func(f forger) { write(f.t, f.path(2), nil) },
		want: "00000002.audit: the segment is empty"},
	"a segment is cut off within a record": {do: func(f forger) {
		content := readFile(f.t, f.path(2))
		write(f.t, f.path(2), content[:len(content)-20])
	}, want: "00000002.audit:12: the segment ends within a record"},
	"a segment is cut off after a signature": {do: func(f forger) { f.edit(2, func(l []string) []string { return l[:firstSignature+1] }) },
		want: "00000003.audit:1: record 25: records 20 to 24 are missing before it"},
	"a segment loses its first record": {do: func(f forger) { f.edit(2, func(l []string) []string { return l[1:] }) },
		want: "00000002.audit:1: record 14: the segment does not begin with its first record"},
	"the first record of a segment stands in another": {do: func(f forger) {
		first := f.lines(1)[0]
		f.edit(2, func(l []string) []string { return slices.Insert(l, 4, first) })
	}, want: "00000002.audit:5: record 1: the first record of a segment is in the middle of one"},
	"the public key is changed": {do: func(f forger) {
		f.replace(2, 0, `"key":"`, `"key":"AAAA`)
		f.relink(2, 1)
	}, want: "00000002.audit:1: record 13: the segment is signed with a key that the one before has not endorsed"},
	"the id of the trail is changed": {do: func(f forger) { f.replace(2, 0, `"trail":"`, `"trail":"f`) },
		want: "00000002.audit:1: record 13: the segment belongs to another trail"},
	"the format is changed": {do: func(f forger) { f.replace(1, 0, `odordiff-audit/1`, `odordiff-audit/0`) },
		want: `00000001.audit:1: record 1: the segment has the format "odordiff-audit/0"`},
	"a line is put in that is no record": {do: func(f forger) { f.edit(1, func(l []string) []string { return slices.Insert(l, 3, "{}\n") }) },
		want: "00000001.audit:4: the line is not a record"},
	"an empty line is put in": {do: func(f forger) { f.edit(1, func(l []string) []string { return slices.Insert(l, 3, "\n") }) },
		want: "00000001.audit:4: the line is not a record"},
	"two lines are joined": {do: func(f forger) {
		f.edit(1, func(l []string) []string { l[3] = strings.TrimSuffix(l[3], "\n"); return l })
	},
		want: "00000001.audit:4: record 5: records 4 to 4 are missing before it"},
	"lines end as in Windows": {do: func(f forger) {
		write(f.t, f.path(1), bytes.ReplaceAll(readFile(f.t, f.path(1)), []byte("\n"), []byte("\r\n")))
	}, want: "00000001.audit:1: the line is not a record"},
	"the end is zeros": {do: func(f forger) { f.edit(2, func(l []string) []string { return append(l, strings.Repeat("\x00", 512)) }) },
		want: "00000002.audit:13: the segment ends within a record"},
	"a line is very long": {do: func(f forger) {
		f.edit(2, func(l []string) []string { return slices.Insert(l, 3, strings.Repeat("x", 3<<20)+"\n") })
	}, want: "00000002.audit:4: a line of more than 1048576 bytes"},
	"spaces are put in": {do: func(f forger) { f.replace(1, firstEvent, `,"prev":`, ` ,"prev":`) },
		want: "00000001.audit:4: record 4: it commits to another record 3"},
	"a number begins with zero": {do: func(f forger) { f.replace(1, firstEvent, `"seq":3}`, `"seq":03}`) },
		want: "00000001.audit:3: the line is not a record"},
	"another trail takes the place of all": {do: func(f forger) {
		for _, name := range segmentsIn(f.t, f.folder) {
			remove(f.t, name)
		}
		remove(f.t, audit.KeyFileOf(f.folder))
		makeTrail(f.t, audit.Options{Folder: f.folder})
	}, want: "is of another trail", anchor: true},
}

// makeTrail makes the trail that tamperings change.
func makeTrail(t *testing.T, options audit.Options) {
	t.Helper()
	options.SignAfter = 4
	for range 3 {
		trail := open(t, options)
		add(t, trail, 8)
		closeTrail(t, trail)
	}
}

func TestEveryTamperingIsFound(t *testing.T) {
	someone := identity(t)
	for kind, recipients := range map[string][]age.Recipient{"plain": nil, "sealed": {someone.Recipient()}} {
		original := t.TempDir()
		makeTrail(t, audit.Options{Folder: original, Recipients: recipients})
		before := read(t, original, audit.ReadOptions{})
		if len(forger{t, original}.lines(2)) != lastLine+1 || before.Last != 36 {
			t.Fatalf("the trail is not as it should be: %s", readFile(t, forger{t, original}.path(2)))
		}
		for name, tampering := range tamperings {
			t.Run(kind+"/"+name, func(t *testing.T) {
				f := forger{t, filepath.Join(t.TempDir(), "trail")}
				if err := os.CopyFS(f.folder, os.DirFS(original)); err != nil {
					t.Fatal(err)
				}
				tampering.do(f)
				var options audit.ReadOptions
				if tampering.anchor {
					options.Checkpoint = before.Latest
				}
				if tampering.key {
					options.Key = before.Key
				}
				wantFault(t, f.folder, options, tampering.want)
			})
		}
	}
}

func wantFault(t *testing.T, folder string, options audit.ReadOptions, want string) {
	t.Helper()
	report, err := audit.Read(folder, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range report.Faults {
		if strings.Contains(fault.String(), want) {
			return
		}
	}
	t.Errorf("found %v, want %q", report.Faults, want)
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
