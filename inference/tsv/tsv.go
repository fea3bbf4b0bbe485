// Package tsv reads the tables that are embedded beside the code that uses
// them.
package tsv

import (
	"fmt"
	"strings"
)

// Rows calls each with the tab-separated columns of every line of a table.
// Empty lines and those that begin with # are skipped. It stops at a line with
// another number of columns and at the first error of each; the error names the
// table and the line.
func Rows(name, table string, columns int, each func(cells []string) error) error {
	line := 0
	for text := range strings.Lines(table) {
		line++
		text = strings.TrimSuffix(text, "\n")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		cells := strings.Split(text, "\t")
		if len(cells) != columns {
			return fmt.Errorf("%s:%d: %d columns, want %d", name, line, len(cells), columns)
		}
		if err := each(cells); err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	return nil
}
