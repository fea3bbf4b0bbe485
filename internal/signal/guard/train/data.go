package main

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

// use is what a text is for. No text is for two things.
type use string

const (
	forTraining    use = "train"
	forCalibration use = "calibrate"
	forTesting     use = "test"
)

// sample is a text of a table. Of the corpus, it may be a template.
type sample struct {
	class    guard.Class
	family   string
	language string // of the corpus, or guessed
	given    bool   // of a table that is not part of the repository
	use      use
	text     string // normalised
	template bool
}

// group names the samples that are counted together.
func (s *sample) group() string { return s.class.String() + " " + s.family }

// parts are what the templates of a language are filled with, by name.
type parts map[string]map[string][]string

// tables is all that is read.
type tables struct {
	samples []sample
	parts   parts
}

// dealt deals a text by its hash: half of a table is for testing, and a tenth
// of the rest for calibration.
func dealt(text string) use {
	switch number := hashOf(text); {
	case number%2 == 1:
		return forTesting
	case number/2%10 == 0:
		return forCalibration
	}
	return forTraining
}

func hashOf(text string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(text)) // which cannot fail
	return hash.Sum64()
}

// read reads the tables of data and the corpus. Duplicates are left out.
func read(data, corpus fs.FS) (*tables, error) {
	t := &tables{parts: parts{}}
	readers := []struct {
		in    fs.FS
		name  string
		width int
		row   func(cells []string) error
	}{
		{data, "prompts.tsv", 3, t.prompt},
		{data, "descriptions.tsv", 3, t.description},
		{data, "odorants.tsv", 3, t.material},
		{corpus, "parts.tsv", 3, t.part},
	}
	names, err := fs.Glob(corpus, "*.tsv")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name != "parts.tsv" {
			readers = append(readers, readers[0])
			last := &readers[len(readers)-1]
			last.in, last.name, last.width, last.row = corpus, name, 5, t.line
		}
	}
	for _, r := range readers {
		if err := rows(r.in, r.name, r.width, r.row); err != nil {
			return nil, err
		}
	}
	t.samples = unique(t.samples)
	return t, nil
}

// rows calls a function with the cells of each row below the header.
func rows(in fs.FS, name string, width int, row func(cells []string) error) error {
	file, err := in.Open(name)
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
		if len(cells) < width {
			return fmt.Errorf("%s:%d: %d cells, not %d", name, number, len(cells), width)
		}
		if err := row(cells); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return lines.Err()
}

func (t *tables) add(s sample) {
	if s.text != "" {
		t.samples = append(t.samples, s)
	}
}

// give adds a text of the tables that are not part of the repository.
func (t *tables) give(class guard.Class, family, text string) {
	text = textnorm.Normalise(text)
	t.add(sample{class: class, family: family, language: guess(text), given: true, use: dealt(text), text: text})
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

func (t *tables) prompt(cells []string) error {
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

func (t *tables) description(cells []string) error {
	t.give(guard.Scent, "descriptions", cells[2])
	return nil
}

func (t *tables) material(cells []string) error {
	t.give(guard.Scent, "materials", cells[1])
	return nil
}

func (t *tables) part(cells []string) error {
	named := t.parts[cells[0]]
	if named == nil {
		named = map[string][]string{}
		t.parts[cells[0]] = named
	}
	for value := range strings.SplitSeq(cells[2], "|") {
		named[cells[1]] = append(named[cells[1]], strings.TrimSpace(value))
	}
	return nil
}

// line reads a line of the corpus: class, family, language, split, text.
func (t *tables) line(cells []string) error {
	class, err := classOf(cells[0])
	if err != nil {
		return err
	}
	s := sample{class: class, family: cells[1], language: cells[2], text: cells[4]}
	if s.template = cells[3] == "train" && slot.MatchString(s.text); s.template {
		s.use = forTraining
		t.add(s)
		return nil
	}
	s.text = textnorm.Normalise(s.text)
	if s.use, err = splitOf(cells[3], s.text); err != nil {
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
func splitOf(split, text string) (use, error) {
	switch split {
	case "train":
		if hashOf(text)>>16%10 == 0 {
			return forCalibration, nil
		}
		return forTraining, nil
	case "test":
		return forTesting, nil
	case "hash":
		if hashOf(text)>>8%4 == 0 {
			return forTesting, nil
		}
		return splitOf("train", text)
	}
	return "", fmt.Errorf("unknown split %q", split)
}

// unique leaves out what comes twice, so that no text is for two things.
func unique(samples []sample) []sample {
	seen := map[string]bool{}
	kept := samples[:0]
	for _, s := range samples {
		if !seen[s.text] {
			seen[s.text] = true
			kept = append(kept, s)
		}
	}
	return kept
}
