// Command odordiff is Caddy with the gate modules, and the inference backend
// behind it. All of Caddy's commands work; `odordiff up` starts everything.
package main

import (
	"cmp"
	"os"
	"runtime/debug"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	// What a Caddy build needs: see xcaddy.toml, which names the same.
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/odordiff/odordiff/caddymodule"
)

func init() {
	// make sets the version. What go install built is of its module's version;
	// without this, the version would be that of Caddy.
	if build, ok := debug.ReadBuildInfo(); ok {
		caddy.CustomVersion = cmp.Or(caddy.CustomVersion, build.Main.Version)
	}
	caddy.CustomBinaryName = "odordiff"
	caddy.CustomLongDescription = `OdorDiff-2 turns a scent description into odorant molecules, behind a gateway
that can stand in front of any inference service.

The gateway is Caddy with the gate modules, so every Caddy command works.
To start the gateway and the inference backend with nothing to prepare:

	$ odordiff up`
}

func main() {
	setDefaults()
	tuneCollector()
	caddycmd.Main()
}

// setDefaults settles the environment that the shipped Caddyfile reads, before
// any command looks at it.
func setDefaults() {
	setDefault("ODORDIFF_STATE", defaultStateDir())
	// Only where it is not set at all: a variable that lost its value is an error.
	if _, set := os.LookupEnv("ODORDIFF_REDIS"); !set {
		setDefault("ODORDIFF_REDIS", "off")
	}
	if traced() {
		setDefault("ODORDIFF_TRACES", "on")
		return
	}
	// The shipped Caddyfile then has no tracing, which costs time without a
	// collector, too. In another Caddyfile it would complain for ever.
	setDefault("ODORDIFF_TRACES", "off")
	setDefault("OTEL_TRACES_EXPORTER", "none")
}

// traced reports whether the environment says where spans go.
func traced() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// settled are the variables that got a default from us.
var settled = map[string]bool{}

func setDefault(name, value string) {
	if os.Getenv(name) == "" {
		settled[name] = true
		// our names and values are what an environment can hold
		_ = os.Setenv(name, value)
	}
}
