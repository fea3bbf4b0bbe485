package gate

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/problem"
)

func TestARefusalsFieldsAreOnTheResponseAtOnce(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Retry-After", "of somebody before")
	p := problem.CredentialMissing.New("").
		Header("WWW-Authenticate", "Bearer").Header("WWW-Authenticate", "Basic").RetryAfter(time.Second)
	err := Refuse(rec, httptest.NewRequest(http.MethodGet, "/", nil), p)
	if got := (*problem.Problem)(nil); !errors.As(err, &got) || got != p {
		t.Errorf("err = %v, want the problem", err)
	}
	if got := rec.Header().Values("WWW-Authenticate"); len(got) != 2 || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("the header is %v", rec.Header())
	}
}
