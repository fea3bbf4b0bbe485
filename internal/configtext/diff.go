package configtext

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Change is a difference between two configurations.
type Change struct {
	// Pointer is the JSON Pointer of what differs.
	Pointer string
	// Old and New are its values in JSON; empty if it is not there.
	Old, New string
}

// String returns the change in a line, as in a diff: + for what is new, - for
// what is gone, ~ for what is another.
func (c Change) String() string {
	switch {
	case c.Old == "":
		return fmt.Sprintf("+ %s: %s", c.Pointer, c.New)
	case c.New == "":
		return fmt.Sprintf("- %s: %s", c.Pointer, c.Old)
	}
	return fmt.Sprintf("~ %s: %s -> %s", c.Pointer, c.Old, c.New)
}

// Diff returns what differs between two trees of decoded JSON, in the order of
// the pointers. Items of lists are compared by their places.
func Diff(before, after any) []Change { return diff("", before, after) }

func diff(pointer string, before, after any) []Change {
	switch old := before.(type) {
	case map[string]any:
		if now, ok := after.(map[string]any); ok {
			return diffObjects(pointer, old, now)
		}
	case []any:
		if now, ok := after.([]any); ok {
			return diffLists(pointer, old, now)
		}
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	return []Change{{pointer, compact(before), compact(after)}}
}

func diffObjects(pointer string, before, after map[string]any) []Change {
	names := maps.Clone(before)
	maps.Copy(names, after)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		inner := string(jsontext.Pointer(pointer).AppendToken(name))
		old, was := before[name]
		now, is := after[name]
		changes = append(changes, diffMember(inner, old, now, was, is)...)
	}
	return changes
}

func diffLists(pointer string, before, after []any) []Change {
	var changes []Change
	for i := range max(len(before), len(after)) {
		var old, now any
		if i < len(before) {
			old = before[i]
		}
		if i < len(after) {
			now = after[i]
		}
		changes = append(changes, diffMember(pointer+"/"+strconv.Itoa(i), old, now, i < len(before), i < len(after))...)
	}
	return changes
}

func diffMember(pointer string, old, now any, was, is bool) []Change {
	switch {
	case !was:
		return []Change{{Pointer: pointer, New: compact(now)}}
	case !is:
		return []Change{{Pointer: pointer, Old: compact(old)}}
	}
	return diff(pointer, old, now)
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value) // No tree of JSON fails.
	}
	return string(text)
}
