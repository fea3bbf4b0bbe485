package healthcheck

import (
	"context"
	"io"
	"net/http"
)

// maxDrained is how many bytes of a health answer are read, so that its
// connection can be used again.
const maxDrained = 64 << 10

// HTTP is a check that asks the URL with GET and wants a status from 200 to
// 299. Redirects are not followed where the client does not.
func HTTP(client *http.Client, url string) Func {
	return func(ctx context.Context) Result {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return Result{Status: Failed, Detail: err.Error()}
		}
		resp, err := client.Do(req)
		if err != nil {
			return Result{Status: Failed, Detail: err.Error()}
		}
		defer resp.Body.Close()
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrained) // The status has been said; the rest is courtesy.
		result := Result{Detail: "answers " + resp.Status, Data: map[string]any{"status": resp.StatusCode}}
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			result.Status = Failed
		}
		return result
	}
}
