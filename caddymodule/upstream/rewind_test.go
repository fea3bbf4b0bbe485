package upstream

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
)

func TestAnAttemptHasItsOwnBodyInMemory(t *testing.T) {
	ctx := context.WithValue(t.Context(), caddyhttp.VarsCtxKey, map[string]any{})
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader("the body"))
	unread := req.Body
	if rewind(req) || req.Body != unread {
		t.Error("a body that nobody has read is touched")
	}
	if _, err := gate.ExchangeOf(req).Body(req, 100); err != nil {
		t.Fatal(err)
	}
	req.Body = struct{ io.ReadCloser }{req.Body} // as Caddy wraps it
	before := *req
	for range 2 {
		attempt := req.WithContext(ctx)
		inMemory := rewind(attempt)
		body, err := io.ReadAll(attempt.Body)
		if err != nil || string(body) != "the body" || attempt.ContentLength != 8 || attempt.GetBody != nil || !inMemory {
			t.Errorf("body %q of %d, %v", body, attempt.ContentLength, err)
		}
		if _, wrapped := attempt.Body.(struct{ io.ReadCloser }); wrapped {
			t.Error("the body is not one that net/http knows")
		}
	}
	if req.Body != before.Body {
		t.Error("the request itself was changed")
	}
	req.Body = nil
	if rewind(req) || req.Body != nil {
		t.Error("a body was added to a request that shall have none")
	}
}
