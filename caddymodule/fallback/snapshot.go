package fallback

import (
	"net/http"
	"slices"
)

// snapshot is a header as it was at one moment. Whatever changes the header's
// values in place leaves it alone.
type snapshot struct {
	fields []field

	// room is for what most headers have.
	room struct {
		fields [8]field
		values [8]string
	}
}

type field struct {
	name   string
	values []string
}

// take makes the snapshot that of a header.
func (s *snapshot) take(header http.Header) {
	fields, all := s.room.fields[:0], s.room.values[:0]
	for name, values := range header {
		all = append(all, values...)
		fields = append(fields, field{name, slices.Clip(all[len(all)-len(values):])})
	}
	s.fields = fields
}

// values returns the values of a field, or nil.
func (s *snapshot) values(name string) []string {
	for _, f := range s.fields {
		if f.name == name {
			return f.values
		}
	}
	return nil
}

// restore makes a header what it was. The snapshot must not be used any more.
func (s *snapshot) restore(header http.Header) {
	clear(header)
	for _, f := range s.fields {
		header[f.name] = f.values
	}
}
