package gate

import (
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/prometheus/client_golang/prometheus"
)

var certificateEnds = prometheus.NewDesc("gate_certificate_not_after_timestamp_seconds",
	"When the certificate of a host that the config names ends, in seconds since 1970; of several, the first to end.", []string{"host"}, nil)

// certificateCollector reports the certificates of the hosts of the config's
// sites at each scrape, be they managed or loaded. A host without one is left
// out.
type certificateCollector struct{ app *App }

// Describe implements prometheus.Collector.
func (certificateCollector) Describe(descs chan<- *prometheus.Desc) { descs <- certificateEnds }

// Collect implements prometheus.Collector.
func (c certificateCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, host := range namedHosts(c.app.servers()) {
		if ends := endOf(host); !ends.IsZero() {
			metrics <- prometheus.MustNewConstMetric(certificateEnds, prometheus.GaugeValue, float64(ends.Unix()), host)
		}
	}
}

// namedHosts returns the hosts that the servers' sites are for, each once.
func namedHosts(servers map[string]*caddyhttp.Server) []string {
	var hosts []string
	for _, server := range servers {
		for _, route := range server.Routes {
			for _, host := range hostsOf(route) {
				hosts = append(hosts, strings.ToLower(host))
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// endOf returns when the first of a host's certificates ends; the zero time if
// it has none.
func endOf(host string) time.Time {
	var ends time.Time
	for _, certificate := range caddytls.AllMatchingCertificates(host) {
		if leaf := certificate.Leaf; leaf != nil && (ends.IsZero() || leaf.NotAfter.Before(ends)) {
			ends = leaf.NotAfter
		}
	}
	return ends
}
