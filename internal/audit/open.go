package audit

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/odordiff/odordiff/internal/atomicfile"
)

// open continues the trail in the folder, or begins one. It returns the last
// time that the trail knows of.
func (w *writer) open() (latest time.Time, err error) {
	numbers, err := segments(w.options.Folder)
	if err != nil {
		return latest, err
	}
	var (
		last tail
		cut  torn
	)
	for ; len(numbers) > 0; numbers = numbers[:len(numbers)-1] {
		number := numbers[len(numbers)-1]
		if last, err = w.repair(number); err != nil {
			return latest, err
		}
		if cut.add(last.torn); last.valid > 0 {
			w.segment = number
			break
		}
	}
	if err := w.openKey(last.header); err != nil {
		return latest, err
	}
	if err := w.checkLink(numbers, last); err != nil {
		return latest, err
	}
	about, err := w.checkSigned(last)
	if err != nil {
		return latest, err
	}
	w.pseudonyms, w.end = w.key, last.end
	w.openedAt, w.lastTime = time.Now(), last.end.at
	if last.valid == 0 {
		w.lastTime = w.options.Now()
	}
	if w.trail = last.header.Trail; w.trail == "" {
		id := make([]byte, 16)
		_, _ = rand.Read(id) // never fails: see its documentation
		w.trail = hex.EncodeToString(id)
	}
	w.listClosed(numbers, last)
	if err := w.begin(cut, about...); err != nil {
		return latest, err
	}
	if last.end.at.After(w.end.at) {
		return last.end.at, nil
	}
	return w.end.at, nil
}

// openKey reads the signing key, which must be that of the trail.
func (w *writer) openKey(last header) (err error) {
	file := w.options.KeyFile
	if last.Key == nil {
		w.key, err = EnsureKey(file)
		return err
	}
	if w.key, err = ReadKey(file); err != nil {
		return fmt.Errorf("%w; the trail in %s needs its key: put it back, or move the folder away to begin a new trail", err, w.options.Folder)
	}
	if !leads(last.Key, w.key.Public(), w.key.endorsements) {
		return fmt.Errorf("the trail in %s was signed with another key than the one in %s: put that back, or move the folder away to begin a new trail", w.options.Folder, file)
	}
	return nil
}

// errChanged is of a trail that is not as it was written. Nothing may be
// recorded behind what somebody else wrote: the next signature would make it
// this trail's history.
var errChanged = errors.New("the trail was changed: `odordiff audit verify` says where; move its folder away to begin a new trail")

// checkLink returns an error unless the last segment follows the one before it,
// if that is there.
func (w *writer) checkLink(numbers []uint64, last tail) error {
	if len(numbers) < 2 || numbers[len(numbers)-2] != w.segment-1 {
		return nil // It was old and deleted, or a verifier misses it.
	}
	before, err := readTail(w.options.Folder, w.segment-1)
	if err != nil {
		return err
	}
	follows := last.first.seq == before.end.seq+1 && last.first.prev == before.end.head
	if before.valid == 0 || before.header.Trail != last.header.Trail || !last.header.endorsedBy(before.header.Key) || !follows {
		return fmt.Errorf("%s does not follow the segment before it: %w", w.path(w.segment), errChanged)
	}
	return nil
}

// repair takes out of a segment's end what is not whole records in their order:
// what a process left that was killed while it wrote. That goes to a file
// beside the segment: nothing is destroyed.
func (w *writer) repair(number uint64) (tail, error) {
	path := w.path(number)
	found, err := readTail(w.options.Folder, number)
	if err != nil {
		return tail{}, err
	}
	segment, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return tail{}, fmt.Errorf("opening the last segment: %w", err)
	}
	defer func() { _ = segment.Close() }()
	rest, err := io.ReadAll(io.NewSectionReader(segment, found.valid, 1<<62))
	if err != nil {
		return tail{}, fmt.Errorf("reading the last segment: %w", err)
	}
	kept := fmt.Sprintf("%s.%d%s", path, found.valid, tornExtension)
	if len(rest) > 0 {
		if err := atomicfile.Replace(kept, rest, 0o600); err != nil {
			return tail{}, fmt.Errorf("keeping the torn end of the last segment: %w", err)
		}
	}
	if err := errors.Join(segment.Truncate(found.valid), segment.Sync()); err != nil {
		return tail{}, fmt.Errorf("repairing the last segment: %w", err)
	}
	if found.valid == 0 {
		if err := os.Remove(path); err != nil {
			return tail{}, fmt.Errorf("removing an empty segment: %w", err)
		}
	}
	found.torn, err = readTorn(kept)
	return found, err
}

// add adds what was taken out elsewhere.
func (t *torn) add(other torn) {
	t.bytes += other.bytes
	t.signatures += other.signatures
	if other.sum != "" {
		t.sum = other.sum
	}
}

// readTorn describes what was taken out of a segment.
func readTorn(path string) (cut torn, err error) {
	rest, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return torn{}, nil
	}
	if err != nil {
		return torn{}, fmt.Errorf("reading the torn end of the last segment: %w", err)
	}
	sum := sha256.Sum256(rest)
	cut = torn{bytes: int64(len(rest)), sum: hex.EncodeToString(sum[:])}
	for text := range bytes.Lines(rest) {
		if record, err := parseLine(bytes.TrimSuffix(text, []byte("\n"))); err == nil && record.is(eventSignature) {
			cut.signatures++
		}
	}
	return cut, nil
}

// listClosed lists the segments that are there. The end of one is found in the
// first record of the next.
func (w *writer) listClosed(numbers []uint64, last tail) {
	for i, number := range numbers {
		info, err := os.Stat(w.path(number))
		if err != nil {
			continue // The next start finds it, or a verifier misses it.
		}
		segment := closedSegment{number: number, size: info.Size(), end: last.end, known: true}
		if i+1 < len(numbers) {
			segment.end, segment.known = endBefore(w.options.Folder, numbers[i+1])
		}
		w.closed = append(w.closed, segment)
		w.closedBytes += segment.size
	}
}

// endBefore returns the end of the segment before one.
func endBefore(folder string, number uint64) (before end, ok bool) {
	first, _, at, err := readFirst(folder, number)
	if err != nil {
		return end{}, false
	}
	head, err := parseHash(string(first.prev))
	return end{first.seq - 1, head, at}, err == nil
}

// readFirst returns the first record of a segment.
func readFirst(folder string, number uint64) (first line, h header, at time.Time, err error) {
	lines, err := openLines(folder, number)
	if err != nil {
		return first, h, at, err
	}
	defer lines.close()
	text, err := lines.next()
	if err != nil {
		return first, h, at, err
	}
	if first, err = parseLine(bytes.Clone(text)); err != nil {
		return first, h, at, err
	}
	event, err := parseOwn(first.body, &h)
	return first, h, event.Time, err
}

// KeyFileOf returns the signing key's default file of a folder.
func KeyFileOf(folder string) string { return filepath.Join(folder, "signing-key.json") }
