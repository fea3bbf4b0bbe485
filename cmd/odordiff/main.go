// Command odordiff is Caddy with the gate modules, and the inference backend
// behind it. All of Caddy's commands work; `odordiff up` starts everything.
package main

import (
	"os"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	// What a Caddy build needs: see xcaddy.toml, which names the same.
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/odordiff/odordiff/caddymodule"
)

func init() {
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
	// Without a collector, spans have nowhere to go; Caddy's tracing would
	// complain about it for ever.
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		setDefault("OTEL_TRACES_EXPORTER", "none")
	}
}

func setDefault(name, value string) {
	if os.Getenv(name) == "" {
		_ = os.Setenv(name, value) // our names and values are what an environment can hold
	}
}
