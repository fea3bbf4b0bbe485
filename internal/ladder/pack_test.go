package ladder

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestARecordSplitsIntoWhatItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.String(), 0, 4)
		want := Answer{
			Status: rapid.IntRange(100, 599).Draw(t, "status"),
			Header: rapid.MapOf(rapid.String(), values).Draw(t, "header"),
			Body:   rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
		}
		delete(want.Header, "Vary")
		request := http.Header{"Accept": values.Draw(t, "accept")}
		varies, got := split(append(appendHead(nil, request, want), want.Body...))
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(request["Accept"], varies["Accept"], cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
