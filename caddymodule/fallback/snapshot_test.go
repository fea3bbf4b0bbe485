package fallback

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
)

func TestAHeaderIsRestoredWhateverWasDoneToIt(t *testing.T) {
	large := http.Header{}
	for i := range 20 {
		large["X-"+strconv.Itoa(i)] = []string{"a", "b"}
	}
	for name, header := range map[string]http.Header{
		"empty":          {},
		"small":          {"Server": {"Caddy"}, "Vary": {"A", "B"}, "X-Other": {"x"}},
		"without values": {"Date": nil},
		"large":          large,
	} {
		t.Run(name, func(t *testing.T) {
			before := header.Clone()
			var s snapshot
			s.take(header)
			for field, values := range header {
				for i := range values {
					values[i] = "changed in place"
				}
				header[field] = append(values, "added")
			}
			header.Set("X-New", "x")
			delete(header, "Server")

			s.restore(header)
			for field, values := range header {
				header[field] = append(values, "appended to a field")[:len(values)]
			}
			if !maps.EqualFunc(header, before, slices.Equal) {
				t.Errorf("restored %v, want %v", header, before)
			}
		})
	}
}
