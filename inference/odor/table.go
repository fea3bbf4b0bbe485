package odor

import (
	"fmt"
	"strings"
)

// rows calls each with the tab-separated columns of every line of a table.
// Empty lines and those that begin with # are skipped.
func rows(name, table string, columns int, each func(cells []string) error) error {
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

// list splits a comma-separated cell. An empty cell is an empty list.
func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ",")
}
