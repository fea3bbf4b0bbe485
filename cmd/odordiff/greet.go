package main

import (
	"fmt"
	"io"
	"path/filepath"
)

// greet says, once, where the service is and what to try. The credential
// itself stays in its file: terminals are scrolled, shared and logged.
func (u *up) greet(w io.Writer, credential string) {
	edge := fmt.Sprintf("https://localhost:%d", u.httpsPort)
	fmt.Fprintf(w, `
OdorDiff-2 is up.
  edge      %s   (http://localhost:%d redirects to it)
  backend   http://%s   admin http://%s   policies %s
  probes    http://localhost:%d/health/ready   metrics at /metrics there

Try it:
  curl --cacert %s \
    -H "Authorization: Bearer $(cat %s)" \
    --json '{"prompt": "fresh citrus over wet cedar", "num_molecules": 5}' \
    %s/api/v1/generate

Ctrl-C stops it.
`, edge, u.httpPort, u.backend, u.admin, u.policies, u.probePort,
		shellQuote(rootCertificate(u.state)), shellQuote(credential), edge)
}

// rootCertificate is where Caddy's internal CA keeps its root, below the state
// directory.
func rootCertificate(state string) string {
	return filepath.Join(state, "caddy", "pki", "authorities", "local", "root.crt")
}
