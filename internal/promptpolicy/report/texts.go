package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"strings"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// text is a text to judge, and what came of it.
type text struct {
	group   string // the row of its table
	total   string // a row of several groups; empty for none
	written string
	given   bool // of a table that is not part of the repository
	benign  bool // whether it is to pass
	asIs    bool // whether it would lose its meaning if it were written otherwise

	reasons []string // why it is refused; none if it passes
	evades  []bool   // with which of the evasions it passes; nil if not tried
}

func (t *text) refused() bool { return len(t.reasons) > 0 }

// collect reads the texts that the classifier was not trained on.
func collect(from sources) ([]*text, error) {
	all, err := tables.Read(from.given, from.corpus)
	if err != nil {
		return nil, err
	}
	var texts []*text
	for i := range all.Samples {
		if s := &all.Samples[i]; s.Use == tables.ForTesting {
			texts = append(texts, ofSample(s))
		}
	}
	for _, file := range []struct {
		in   fs.FS
		name string
		of   func(cells []string) *text
	}{
		{from.hazards, "dangerous.tsv", ofDangerous},
		{from.hazards, "innocent.tsv", ofInnocent},
		{from.payloads, "payloads.tsv", ofPayload},
	} {
		more, err := lines(file.in, file.name, file.of)
		if err != nil {
			return nil, err
		}
		texts = append(texts, more...)
	}
	return texts, nil
}

// lines reads a table without a header. Lines that begin with # are comments.
func lines(in fs.FS, name string, of func(cells []string) *text) (texts []*text, err error) {
	file, err := in.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	scanner := bufio.NewScanner(file)
	for number := 1; scanner.Scan(); number++ {
		line := scanner.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t := of(strings.Split(line, "\t"))
		if t == nil {
			return nil, fmt.Errorf("%s:%d: too few cells", name, number)
		}
		texts = append(texts, t)
	}
	return texts, scanner.Err()
}

func ofSample(s *tables.Sample) *text {
	t := &text{written: s.Written, given: s.Given, benign: s.Class == guard.Scent}
	family := strings.ReplaceAll(s.Family, "_", " ")
	switch {
	case t.benign:
		t.group, t.total = benignGroup(s)
	case t.given:
		t.group, t.total = "published "+s.Class.String()+": "+family, "published "+s.Class.String()
	default:
		t.group, t.total = "ours, "+s.Class.String()+": "+family, "ours, "+s.Class.String()
	}
	return t
}

func benignGroup(s *tables.Sample) (group, total string) {
	switch s.Family {
	case "descriptions":
		return "odor descriptions", ""
	case "materials":
		return "names of materials", ""
	case "dangerous_name":
		return "perfume names that sound dangerous", ""
	}
	kind := "wishes in other languages"
	if s.Language == "en" {
		kind = "wishes in English"
	}
	return kind + ": " + strings.ReplaceAll(s.Family, "_", " "), kind
}

func ofDangerous(cells []string) *text {
	if len(cells) < 2 {
		return nil
	}
	return &text{group: "chemistry: " + cells[0], total: "dangerous chemistry", written: cells[1]}
}

func ofInnocent(cells []string) *text {
	if len(cells) < 2 {
		return nil
	}
	return &text{group: "innocent chemistry: " + cells[0], total: "innocent, though it sounds dangerous", written: cells[1], benign: true}
}

// ofPayload puts an attack in a wish, so that the wish does not give it away.
func ofPayload(cells []string) *text {
	if len(cells) < 3 {
		return nil
	}
	written := "a soft rose with cedar " + strings.Join(cells[2:], "\t")
	return &text{group: "code: " + cells[1], total: "code", written: written, asIs: true}
}
