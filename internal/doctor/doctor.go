// Package doctor probes a running edge from outside, as a client would, and
// reports what works.
package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/keyring"
)

// probeTimeout bounds each probe.
const probeTimeout = 10 * time.Second

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 1 << 20

// Config says where the edge is, and with which credentials to probe it.
type Config struct {
	// URL is the edge, such as https://localhost:8443.
	URL string
	// RootFile is a PEM file of the certificate authority to trust besides the
	// system's; may be empty.
	RootFile string
	// Credential is a bearer token that may generate; without it, probes that
	// need one are skipped.
	Credential string
	// Operator is a bearer token that may see the checks of /health. Default:
	// Credential.
	Operator string
	// Key signs a request (RFC 9421); without it, that is skipped.
	Key *keyring.Key
}

// Finding is what one probe found.
type Finding struct {
	// Name says what was probed.
	Name string
	// Detail says what was seen; for a failure, what to do.
	Detail string
	// Err is why the probe failed; nil when it passed.
	Err error
	// Skipped says that the probe could not be made.
	Skipped bool
	// Warning says that the probe passed, but found something that needs
	// attention.
	Warning bool
}

// Doctor probes one edge.
type Doctor struct {
	edge       *url.URL
	credential string
	operator   string
	key        *keyring.Key
	client     *http.Client
}

// New returns a doctor for the configured edge.
func New(cfg Config) (*Doctor, error) {
	edge, err := url.Parse(cfg.URL)
	if err != nil || edge.Host == "" || edge.Scheme != "https" && edge.Scheme != "http" {
		return nil, fmt.Errorf("url %q: want https://host:port", cfg.URL)
	}
	roots, err := trust(cfg.RootFile)
	if err != nil {
		return nil, err
	}
	return &Doctor{
		edge:       edge,
		credential: strings.TrimSpace(cfg.Credential),
		operator:   strings.TrimSpace(cmp.Or(cfg.Operator, cfg.Credential)),
		key:        cfg.Key,
		client: &http.Client{
			Timeout:       probeTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2: true,
			},
		},
	}, nil
}

// Close closes idle connections.
func (d *Doctor) Close() { d.client.CloseIdleConnections() }

// Live makes only the cheapest probe: whether the process answers.
func (d *Doctor) Live(ctx context.Context) Finding {
	return d.health(ctx, "the gateway is alive", "/health/live")
}

// Examine makes every probe. They are ordered so that the first failure is the
// one to mend first.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	alive := d.Live(ctx)
	findings := []Finding{alive}
	if alive.Err != nil {
		return findings
	}
	return append(findings,
		d.tls(ctx),
		d.health(ctx, "the gateway is ready", "/health/ready"),
		d.checks(ctx),
		d.headers(ctx),
		d.refusal(ctx),
		d.forgery(ctx),
		d.generation(ctx),
		d.signed(ctx),
		d.schema(ctx),
		d.policy(ctx),
	)
}

func trust(file string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if file == "" {
		return roots, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return roots, nil
}

// answer is what came back for a request.
type answer struct {
	*http.Response
	body []byte
}

func (d *Doctor) do(ctx context.Context, method, path, body, credential string) (answer, error) {
	req, err := d.request(ctx, method, path, body)
	if err != nil {
		return answer{}, err
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	return d.send(req)
}

func (d *Doctor) request(ctx context.Context, method, path, body string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.edge.JoinPath(path).String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (d *Doctor) send(req *http.Request) (answer, error) {
	resp, err := d.client.Do(req)
	if err != nil {
		return answer{}, d.explain(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return answer{resp, content}, d.explain(err)
}

// explain adds the remedy to the failures that are most common at first.
func (d *Doctor) explain(err error) error {
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return fmt.Errorf("%w: name its certificate authority with --cacert", err)
	}
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
		return fmt.Errorf("%w: no whole answer within %s", err, d.client.Timeout)
	}
	return err
}
