// Package tables reads the texts that the classifier of package guard is
// trained and judged on: published tables, which are not part of the
// repository, and the corpus, which is. It deals them to training, calibration
// and testing, and writes texts as those do who evade a filter.
package tables

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// Use is what a text is for. No text is for two things.
type Use string

// The uses.
const (
	ForTraining    Use = "train"
	ForCalibration Use = "calibrate"
	ForTesting     Use = "test"
)

// Sample is a text of a table. Of the corpus, it may be a template.
type Sample struct {
	Class    guard.Class
	Family   string
	Language string // of the corpus, or guessed
	Given    bool   // of a table that is not part of the repository
	Use      Use
	Text     string // normalised, unless it is a template
	Written  string // as the table has it
	Template bool
}

// Parts are what the templates of a language are filled with, by name.
type Parts map[string]map[string][]string

// Tables is all that is read.
type Tables struct {
	Samples []Sample
	Parts   Parts
}

// dealt deals a text by its hash: half of a table is for testing, and a tenth
// of the rest for calibration.
func dealt(text string) Use {
	switch number := hashOf(text); {
	case number%2 == 1:
		return ForTesting
	case number/2%10 == 0:
		return ForCalibration
	}
	return ForTraining
}

func hashOf(text string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(text)) // which cannot fail
	return hash.Sum64()
}

// Read reads the tables prompts.tsv, descriptions.tsv and odorants.tsv of data,
// unless data is nil, and the corpus. Duplicates are left out.
func Read(data, corpus fs.FS) (*Tables, error) {
	t := &Tables{Parts: Parts{}}
	var readers []reader
	if data != nil {
		readers = append(readers,
			reader{data, "prompts.tsv", 3, t.prompt},
			reader{data, "descriptions.tsv", 3, t.description},
			reader{data, "odorants.tsv", 3, t.material},
		)
	}
	readers = append(readers, reader{corpus, "parts.tsv", 3, t.part})
	names, err := fs.Glob(corpus, "*.tsv")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name != "parts.tsv" {
			readers = append(readers, reader{corpus, name, 5, t.line})
		}
	}
	for _, r := range readers {
		if err := r.read(); err != nil {
			return nil, err
		}
	}
	t.Samples = unique(t.Samples)
	return t, nil
}

// reader reads one table.
type reader struct {
	in    fs.FS
	name  string
	width int // the least cells of a row
	row   func(cells []string) error
}

// read calls row with the cells of each row below the header.
func (r *reader) read() error {
	file, err := r.in.Open(r.name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		cells := strings.Split(lines.Text(), "\t")
		if number == 1 || len(cells) == 1 && cells[0] == "" {
			continue
		}
		if len(cells) < r.width {
			return fmt.Errorf("%s:%d: %d cells, not %d", r.name, number, len(cells), r.width)
		}
		if err := r.row(cells); err != nil {
			return fmt.Errorf("%s:%d: %w", r.name, number, err)
		}
	}
	return lines.Err()
}

func (t *Tables) add(s Sample) {
	if s.Text != "" {
		t.Samples = append(t.Samples, s)
	}
}

// give adds a text of the tables that are not part of the repository.
func (t *Tables) give(class guard.Class, family, written string) {
	text := textnorm.Normalise(written)
	t.add(Sample{Class: class, Family: family, Language: guess(text), Given: true, Use: dealt(text), Text: text, Written: written})
}

// scripts are those that tell a language, or nearly.
var scripts = []struct {
	table    *unicode.RangeTable
	language string
}{
	{unicode.Devanagari, "hi"}, {unicode.Arabic, "ar"}, {unicode.Hangul, "ko"}, {unicode.Hiragana, "ja"}, {unicode.Katakana, "ja"},
	{unicode.Han, "zh"}, {unicode.Cyrillic, "ru"}, {unicode.Bengali, "bn"}, {unicode.Thai, "th"},
}

// guess returns the language of a text by its script: of the scripts above, the
// first of which a tenth of the text is. All others are taken for English.
func guess(text string) string {
	for _, script := range scripts {
		n := 0
		for _, r := range text {
			if unicode.Is(script.table, r) {
				n++
			}
		}
		if 10*n > utf8.RuneCountInString(text) {
			return script.language
		}
	}
	return "en"
}

func (t *Tables) prompt(cells []string) error {
	class, ok := map[string]guard.Class{"attack": guard.Injection, "harmful": guard.Harmful, "offtopic": guard.Other}[cells[0]]
	if !ok {
		return fmt.Errorf("unknown kind %q", cells[0])
	}
	var text string
	if err := json.Unmarshal([]byte(cells[2]), &text); err != nil {
		return err
	}
	t.give(class, cells[1], text)
	return nil
}

func (t *Tables) description(cells []string) error {
	t.give(guard.Scent, "descriptions", cells[2])
	return nil
}

func (t *Tables) material(cells []string) error {
	t.give(guard.Scent, "materials", cells[1])
	return nil
}

func (t *Tables) part(cells []string) error {
	named := t.Parts[cells[0]]
	if named == nil {
		named = map[string][]string{}
		t.Parts[cells[0]] = named
	}
	for value := range strings.SplitSeq(cells[2], "|") {
		named[cells[1]] = append(named[cells[1]], strings.TrimSpace(value))
	}
	return nil
}

// line reads a line of the corpus: class, family, language, split, text.
func (t *Tables) line(cells []string) error {
	class, err := classOf(cells[0])
	if err != nil {
		return err
	}
	s := Sample{Class: class, Family: cells[1], Language: cells[2], Text: cells[4], Written: cells[4]}
	if s.Template = cells[3] == "train" && slot.MatchString(s.Text); s.Template {
		s.Use = ForTraining
		t.add(s)
		return nil
	}
	s.Text = textnorm.Normalise(s.Text)
	if s.Use, err = splitOf(cells[3], s.Text); err != nil {
		return err
	}
	t.add(s)
	return nil
}

func classOf(name string) (guard.Class, error) {
	for class := range guard.Class(guard.Classes) {
		if class.String() == name {
			return class, nil
		}
	}
	return 0, fmt.Errorf("unknown class %q", name)
}

// splitOf reads a split of the corpus: train, test, or hash, which deals a
// quarter to testing. A tenth of what is for training is for calibration.
func splitOf(split, text string) (Use, error) {
	switch split {
	case "train":
		if hashOf(text)>>16%10 == 0 {
			return ForCalibration, nil
		}
		return ForTraining, nil
	case "test":
		return ForTesting, nil
	case "hash":
		if hashOf(text)>>8%4 == 0 {
			return ForTesting, nil
		}
		return splitOf("train", text)
	}
	return "", fmt.Errorf("unknown split %q", split)
}

// unique leaves out what comes twice, so that no text is for two things.
func unique(samples []Sample) []Sample {
	seen := map[string]bool{}
	kept := samples[:0]
	for _, s := range samples {
		if !seen[s.Text] {
			seen[s.Text] = true
			kept = append(kept, s)
		}
	}
	return kept
}
