package healthcheck

import (
	"context"
	"io"
	"net/http"
)

// maxDrained is how many bytes of a health answer are read, so that its
// connection can be used again.
const maxDrained = 64 << 10

// HTTP is a check that sends a GET to the URL and expects a status from 200 to
// 299. It follows redirects if the client does.
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
		// The status is known; draining only frees the connection.
		_, _ = io.CopyN(io.Discard, resp.Body, maxDrained)
		result := Result{Detail: "answers " + resp.Status, Data: map[string]any{"status": resp.StatusCode}}
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			result.Status = Failed
		}
		return result
	}
}
