package odor

import "strings"

// list splits a comma-separated cell. An empty cell is an empty list.
func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ",")
}
