package ladder

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAPackedHeaderUnpacksToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.String(), 0, 4)
		header := http.Header(rapid.MapOf(rapid.String(), values).Draw(t, "header"))
		packed := pack(header)
		if diff := cmp.Diff(header, unpack(packed)); diff != "" {
			t.Error(diff)
		}
	})
}
