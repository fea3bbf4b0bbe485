package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/ladder"
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

// checks reads the gateway's own health report. Readiness is not enough: a
// gateway without an upstream is ready too, if it can still refuse or answer
// from its store.
func (d *Doctor) checks(ctx context.Context) Finding {
	const name, path = "the gateway's own checks pass", "/health"
	got, err := d.do(ctx, http.MethodGet, path, "", d.operator)
	if err != nil {
		return failed(name, err)
	}
	var health struct {
		Status string  `json:"status"`
		Checks []check `json:"checks"`
	}
	if json.Unmarshal(got.body, &health) != nil || health.Status == "" {
		return failed(name, fmt.Errorf("%s answered %d: %s", path, got.StatusCode, brief(got.body)))
	}
	if health.Status == "ok" {
		return passed(name, "%s says ok", path)
	}
	if len(health.Checks) == 0 {
		return failed(name, fmt.Errorf("%s says %s, and not why: name the token of an operator with --token-file", path, health.Status))
	}
	bad, alarming := describe(health.Checks)
	if alarming {
		return failed(name, fmt.Errorf("%s says %s: %s", path, health.Status, bad))
	}
	return warned(name, "%s says %s: %s", path, health.Status, bad)
}

// check is one check of the gateway as /health shows it.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

// describe names the checks that are not ok. It is alarming when one of them
// does not work; a host that is merely busy is not.
func describe(checks []check) (bad string, alarming bool) {
	var all []string
	for _, c := range checks {
		if c.Status == "ok" {
			continue
		}
		all = append(all, fmt.Sprintf("%s is %s (%s)", c.Name, c.Status, c.Detail))
		alarming = alarming || c.Status != "degraded"
	}
	return strings.Join(all, "; "), alarming
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
	got, err := d.do(ctx, http.MethodPost, generatePath, freshPrompt(), d.credential)
	if err != nil {
		return failed(name, err)
	}
	first, err := live(got)
	if err != nil {
		return failed(name, err)
	}
	return passed(name, "%s, RateLimit %s, in %s", first, got.Header.Get("RateLimit"), time.Since(start).Round(time.Millisecond))
}

// signed sends a signed request. Unlike a token it needs the store of nonces
// that all gateways share.
func (d *Doctor) signed(ctx context.Context) Finding {
	const name = "a signed request is answered"
	if d.key == nil {
		return skipped(name, "no key for signatures: name its file with --keyring")
	}
	body := freshPrompt() // of another seed than the token's
	req, err := d.request(ctx, http.MethodPost, generatePath, body)
	if err != nil {
		return failed(name, err)
	}
	message := httpsig.Message{
		Method: req.Method, Scheme: req.URL.Scheme, Authority: req.URL.Host, Target: req.URL.RequestURI(), Header: req.Header,
	}
	if err := httpsig.Sign(message, []byte(body), *d.key, nil, time.Now()); err != nil {
		return failed(name, err)
	}
	got, err := d.send(req)
	if err != nil {
		return failed(name, err)
	}
	if _, err := live(got); err != nil {
		return failed(name, err)
	}
	return passed(name, "by the key %s", d.key.ID)
}

// freshPrompt returns a body that was never sent before, so that no stored
// answer can take the place of a backend that is gone.
func freshPrompt() string {
	// the API takes integers that every JSON reader keeps
	const most = 1 << 53
	return fmt.Sprintf(`%s, "seed": %d}`, strings.TrimSuffix(goodPrompt, "}"), rand.Int64N(most)) //nolint:gosec // it only has to differ
}

// live returns the first molecule of an answer, which has to be the upstream's
// own.
func live(got answer) (molecule string, err error) {
	var result struct {
		Engine    string `json:"engine"`
		Molecules []struct {
			SMILES string `json:"smiles"`
		} `json:"molecules"`
	}
	if got.StatusCode != http.StatusOK || json.Unmarshal(got.body, &result) != nil || len(result.Molecules) == 0 {
		return "", fmt.Errorf("answered %d: %s", got.StatusCode, brief(got.body))
	}
	if rung := got.Header.Get("Gate-Served-By"); rung != ladder.Live {
		return "", fmt.Errorf("Gate-Served-By is %q, want %s: the upstream itself did not answer", rung, ladder.Live)
	}
	return fmt.Sprintf("%s by the %s engine, rung %s", result.Molecules[0].SMILES, result.Engine, ladder.Live), nil
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

func warned(name, format string, args ...any) Finding {
	return Finding{Name: name, Detail: fmt.Sprintf(format, args...), Warning: true}
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
