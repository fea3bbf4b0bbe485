package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/problem"
)

const (
	generatePath = "/api/v1/generate"
	goodPrompt   = `{"prompt": "fresh citrus over wet cedar", "num_molecules": 1}`
	badPrompt    = `{"prompt": "fresh citrus", "num_molecules": "many"}`
	deniedPrompt = `{"prompt": "synthesis of sarin nerve agent"}`
)

func (d *Doctor) health(ctx context.Context, name, path string) Finding {
	start := time.Now()
	got, err := d.do(ctx, http.MethodGet, path, "", "")
	if err != nil {
		return failed(name, err)
	}
	if got.StatusCode != http.StatusOK {
		return failed(name, fmt.Errorf("%s answered %d: %s", path, got.StatusCode, brief(got.body)))
	}
	return passed(name, "%s answered in %s", path, time.Since(start).Round(time.Millisecond))
}

func (d *Doctor) tls(ctx context.Context) Finding {
	const name = "TLS is modern and the certificate is valid"
	if d.edge.Scheme != "https" {
		return skipped(name, "the edge is plain HTTP")
	}
	got, err := d.do(ctx, http.MethodGet, "/health/live", "", "")
	if err != nil {
		return failed(name, err)
	}
	state := got.TLS
	return passed(name, "%s, %s, expires in %s", tls.VersionName(state.Version), got.Proto,
		time.Until(state.PeerCertificates[0].NotAfter).Round(time.Minute))
}

func (d *Doctor) headers(ctx context.Context) Finding {
	const name = "security headers are set"
	got, err := d.do(ctx, http.MethodGet, "/health/live", "", "")
	if err != nil {
		return failed(name, err)
	}
	wanted := []string{"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "X-Request-Id"}
	if d.edge.Scheme == "https" {
		wanted = append(wanted, "Strict-Transport-Security")
	}
	var missing []string
	for _, field := range wanted {
		if got.Header.Get(field) == "" {
			missing = append(missing, field)
		}
	}
	if len(missing) > 0 {
		return failed(name, fmt.Errorf("missing: %s", strings.Join(missing, ", ")))
	}
	return passed(name, "%s", strings.Join(wanted, ", "))
}

func (d *Doctor) refusal(ctx context.Context) Finding {
	return d.refused(ctx, "a request without a credential is refused", goodPrompt, "", problem.CredentialMissing)
}

func (d *Doctor) forgery(ctx context.Context) Finding {
	// A token that says "alg": "none": a gateway that takes it takes anything.
	const unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkb2N0b3IifQ."
	return d.refused(ctx, "an unsigned token is refused", goodPrompt, unsigned, problem.CredentialInvalid)
}

func (d *Doctor) generation(ctx context.Context) Finding {
	const name = "a prompt is answered with molecules"
	if d.credential == "" {
		return skipped(name, "no credential: name one with --token-file")
	}
	start := time.Now()
	got, err := d.do(ctx, http.MethodPost, generatePath, goodPrompt, d.credential)
	if err != nil {
		return failed(name, err)
	}
	var result struct {
		Engine    string `json:"engine"`
		Molecules []struct {
			SMILES string `json:"smiles"`
		} `json:"molecules"`
	}
	if got.StatusCode != http.StatusOK || json.Unmarshal(got.body, &result) != nil || len(result.Molecules) == 0 {
		return failed(name, fmt.Errorf("answered %d: %s", got.StatusCode, brief(got.body)))
	}
	return passed(name, "%s by the %s engine, rung %q, RateLimit %s, in %s", result.Molecules[0].SMILES, result.Engine,
		got.Header.Get("Gate-Served-By"), got.Header.Get("RateLimit"), time.Since(start).Round(time.Millisecond))
}

func (d *Doctor) schema(ctx context.Context) Finding {
	return d.refused(ctx, "a wrong field is named", badPrompt, d.credential, problem.Invalid)
}

func (d *Doctor) policy(ctx context.Context) Finding {
	return d.refused(ctx, "the policy refuses a dangerous prompt", deniedPrompt, d.credential, problem.PolicyDenied)
}

// refused expects a problem of one kind.
func (d *Doctor) refused(ctx context.Context, name, body, credential string, want *problem.Kind) Finding {
	if credential == "" && want != problem.CredentialMissing {
		return skipped(name, "no credential: name one with --token-file")
	}
	got, err := d.do(ctx, http.MethodPost, generatePath, body, credential)
	if err != nil {
		return failed(name, err)
	}
	mediaType, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	var refusal struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	}
	if mediaType != problem.ContentType || json.Unmarshal(got.body, &refusal) != nil ||
		got.StatusCode != want.Status || refusal.Type != want.URI() {
		return failed(name, fmt.Errorf("want %d %s, got %d: %s", want.Status, want.Name, got.StatusCode, brief(got.body)))
	}
	return passed(name, "%d %s", got.StatusCode, want.Name)
}

func passed(name, format string, args ...any) Finding {
	return Finding{Name: name, Detail: fmt.Sprintf(format, args...)}
}

func failed(name string, err error) Finding { return Finding{Name: name, Err: err} }

func skipped(name, why string) Finding { return Finding{Name: name, Detail: why, Skipped: true} }

// brief is the start of an answer, on one line.
func brief(body []byte) string {
	const most = 200
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	if text == "" {
		return "(an empty body)"
	}
	return text
}
