package gate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The figures of each file of keys. The label source is keyring or jwks.
var (
	keysInForce = prometheus.NewDesc("gate_keys",
		"Keys in force, by the file that they come from.", []string{"source", "file"}, nil)
	keysPassedOver = prometheus.NewDesc("gate_keys_passed_over",
		"Keys of a JWKS file that are not used: unusable ones are weak or malformed, those of other_use are for something else.",
		[]string{"file", "reason"}, nil)
	keysModified = prometheus.NewDesc("gate_keys_modified_timestamp_seconds",
		"When the file was written whose keys are in force, in seconds since 1970.", []string{"source", "file"}, nil)
	keysBroken = prometheus.NewDesc("gate_keys_broken",
		"1 while the file is broken or gone, so that earlier keys are in force; else 0.", []string{"source", "file"}, nil)
)

// keyFile is a file of keys that is followed.
type keyFile interface {
	LastError() error
	Modified() time.Time
}

// age returns how many seconds ago the keys in force were written.
func age(file keyFile) int64 { return int64(time.Since(file.Modified()).Seconds()) }

// keyCollector reports the state of an app's files of keys at each scrape.
type keyCollector struct{ app *App }

// Describe implements prometheus.Collector.
func (keyCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{keysInForce, keysPassedOver, keysModified, keysBroken} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c keyCollector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	file := func(keys int, file keyFile, source, path string) {
		gauge(keysInForce, float64(keys), source, path)
		gauge(keysModified, float64(file.Modified().Unix()), source, path)
		broken := 0.0
		if file.LastError() != nil {
			broken = 1
		}
		gauge(keysBroken, broken, source, path)
	}
	if c.app.keyring != nil {
		file(c.app.keyring.Len(), c.app.keyring, "keyring", c.app.keyringPath)
	}
	for path, set := range c.app.keySets.all() {
		now, reasons := set.Contents(), map[string]int{"unusable": 0, "other_use": 0}
		for _, key := range now.PassedOver {
			if key.OtherUse {
				reasons["other_use"]++
				continue
			}
			reasons["unusable"]++
		}
		file(now.Keys, set, "jwks", path)
		for reason, n := range reasons {
			gauge(keysPassedOver, float64(n), path, reason)
		}
	}
}
