package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// write writes the page. Errors are kept by the writer.
func write(out io.Writer, texts []*text, given bool, o options) {
	var hostile, benign []*text
	for _, t := range texts {
		if t.benign {
			benign = append(benign, t)
		} else {
			hostile = append(hostile, t)
		}
	}
	if !given {
		fmt.Fprint(out, "Of the committed texts alone: no published tables were given.\n\n")
	}
	fmt.Fprint(out, "## What is to be refused\n\n")
	fmt.Fprint(out, "The share that is refused as it is written and, of those texts, how many in a hundred pass under each evasion.\n\n")
	hostileTable(out, hostile)
	fmt.Fprint(out, "\n## What is to pass\n\n")
	benignTable(out, benign)
	fmt.Fprint(out, "\nOf the committed texts that pass, how many in a hundred are refused under each evasion. Where these are many, the rules refuse the evasion, whatever it says.\n\n")
	controlTable(out, benign)
	fmt.Fprint(out, "\n## Why\n\nA text may be refused for several reasons.\n\n")
	reasonTable(out, hostile, benign)
	fmt.Fprint(out, "\n## Misses\n\nSome of what is to be refused and passes, dealt by hash.\n\n")
	examples(out, wrong(hostile, false, o))
	fmt.Fprint(out, "\n## False positives\n\nSome of what is to pass and is refused, dealt in the same way.\n\n")
	examples(out, wrong(benign, true, o))
}

// row is the texts of a group, or of several.
type row struct {
	name  string
	total bool
	texts []*text
}

// rowsOf returns the groups by name, and before its groups each total.
func rowsOf(texts []*text) (rows []row) {
	groups, totals := map[string]*row{}, map[string]*row{}
	add := func(to map[string]*row, name string, t *text) {
		if to[name] == nil {
			to[name] = &row{name: name}
		}
		to[name].texts = append(to[name].texts, t)
	}
	for _, t := range texts {
		add(groups, t.group, t)
		if t.total != "" {
			add(totals, t.total, t)
		}
	}
	written := map[string]bool{"": true}
	byTotal := func(a, b string) int {
		return cmp.Or(cmp.Compare(groups[a].texts[0].total, groups[b].texts[0].total), cmp.Compare(a, b))
	}
	for _, name := range slices.SortedFunc(maps.Keys(groups), byTotal) {
		if total := groups[name].texts[0].total; !written[total] {
			written[total] = true
			totals[total].total = true
			rows = append(rows, *totals[total])
		}
		rows = append(rows, *groups[name])
	}
	return rows
}

// label is the first cell of a row.
func (r *row) label() string {
	if r.total {
		return "**" + r.name + "**"
	}
	return r.name
}

// count counts the texts of a row for which is holds.
func (r *row) count(is func(t *text) bool) (n int) {
	for _, t := range r.texts {
		if is(t) {
			n++
		}
	}
	return n
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.1f", 100*float64(part)/float64(max(whole, 1)))
}

// header writes the head of a table. All but the first column are numbers.
func header(out io.Writer, names ...string) {
	fmt.Fprintf(out, "| | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---:|", len(names)))
}

func hostileTable(out io.Writer, texts []*text) {
	names := []string{"texts", "refused, %"}
	for _, way := range ways {
		names = append(names, way.name)
	}
	header(out, names...)
	for _, r := range rowsOf(texts) {
		cells := []string{r.label(), fmt.Sprint(len(r.texts)), percent(r.count((*text).refused), len(r.texts))}
		for i := range ways {
			cells = append(cells, r.lost(i))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

// lost returns the points that an evasion takes from what is refused plainly; a
// dash if it was not tried.
func (r *row) lost(way int) string {
	tried := r.count(func(t *text) bool { return t.evades != nil })
	if tried == 0 {
		return "–"
	}
	return percent(r.count(func(t *text) bool { return len(t.evades) > way && t.evades[way] }), tried)
}

func benignTable(out io.Writer, texts []*text) {
	header(out, "texts", "refused", "%")
	for _, r := range rowsOf(texts) {
		refused := r.count((*text).refused)
		fmt.Fprintf(out, "| %s | %d | %d | %.2f |\n", r.label(), len(r.texts), refused, 100*float64(refused)/float64(len(r.texts)))
	}
}

func controlTable(out io.Writer, texts []*text) {
	var tried []*text
	for _, t := range texts {
		if t.evades != nil {
			tried = append(tried, t)
		}
	}
	all := row{texts: tried}
	header(out, "refused, %")
	for i, way := range ways {
		fmt.Fprintf(out, "| %s | %s |\n", way.name, percent(all.count(func(t *text) bool { return !t.evades[i] }), len(tried)))
	}
}

func reasonTable(out io.Writer, hostile, benign []*text) {
	var counts [2]map[string]int
	ids := map[string]bool{}
	for i, texts := range [][]*text{hostile, benign} {
		counts[i] = map[string]int{}
		for _, t := range texts {
			for _, id := range t.reasons {
				counts[i][id]++
				ids[id] = true
			}
		}
	}
	header(out, "of what is to be refused", "of what is to pass")
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		fmt.Fprintf(out, "| `%s` | %d | %d |\n", id, counts[0][id], counts[1][id])
	}
}

// wrong returns some of the texts that are refused, or not, in the order of
// their hashes, so that nobody chose them.
func wrong(texts []*text, refused bool, o options) (found []*text) {
	for _, t := range texts {
		if t.refused() == refused && (o.showGiven || !t.given) {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b *text) int { return cmp.Compare(hashOf(a.written), hashOf(b.written)) })
	return found[:min(max(o.misses, 0), len(found))]
}

func hashOf(written string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(written)) // which cannot fail
	return hash.Sum64()
}

func examples(out io.Writer, texts []*text) {
	if len(texts) == 0 {
		fmt.Fprintln(out, "None.")
	}
	for _, t := range texts {
		fmt.Fprintf(out, "- %s (%s)", code(t.written), t.group)
		if t.refused() {
			fmt.Fprintf(out, ": %s", strings.Join(t.reasons, ", "))
		}
		fmt.Fprintln(out)
	}
}

// longest is how much of an example is shown, in characters.
const longest = 160

// code writes a text as a code span of one line.
func code(written string) string {
	letters := []rune(strings.Map(visible, written))
	if len(letters) > longest {
		letters = append(letters[:longest], '…')
	}
	fence := "`"
	for strings.Contains(string(letters), fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + string(letters) + fence
	}
	return fence + " " + string(letters) + " " + fence
}

// visible replaces what would break a line or not be seen.
func visible(r rune) rune {
	if !unicode.IsPrint(r) {
		return '·'
	}
	return r
}
