// Command odordiff is Caddy with the gate modules, and the inference backend
// behind it. All of Caddy's commands work; `odordiff up` starts everything.
package main

import (
	"cmp"
	"os"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	// What a Caddy build needs: see xcaddy.toml, which names the same.
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/internal/tracing"
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
	setDefaults(envFiles(os.Args[1:]))
	tuneCollector()
	caddycmd.Main()
}

// setDefaults settles the environment that the shipped Caddyfile reads, before
// any command looks at it. It leaves alone what the files of --envfile set:
// Caddy reads them later, and does not replace what is there.
func setDefaults(files map[string]string) {
	setDefault(files, "ODORDIFF_STATE", defaultStateDir())
	// Only where it is not set at all: a variable that lost its value is an error.
	if _, set := os.LookupEnv("ODORDIFF_REDIS"); !set {
		setDefault(files, "ODORDIFF_REDIS", "off")
	}
	if !tracing.EnabledBy(func(name string) string { return cmp.Or(os.Getenv(name), files[name]) }) {
		// Caddy's own tracing, in another Caddyfile, would look for a collector on
		// this machine and complain for ever.
		setDefault(files, "OTEL_TRACES_EXPORTER", "none")
	}
}

// settled are the variables that got a default from us.
var settled = map[string]bool{}

func setDefault(files map[string]string, name, value string) {
	if _, there := files[name]; there || os.Getenv(name) != "" {
		return
	}
	settled[name] = true
	// our names and values are what an environment can hold
	_ = os.Setenv(name, value)
}

// envLine is a line of an environment file that sets a variable.
var envLine = regexp.MustCompile(`(?m)^[ \t]*(?:export )?(\w+)=["']?([^"'#\r\n]*)`)

// envFiles returns what the files of --envfile set. A file that cannot be read
// is for Caddy to complain about.
func envFiles(args []string) map[string]string {
	variables := make(map[string]string)
	for i, arg := range args {
		list, joined := strings.CutPrefix(arg, "--envfile=")
		if !joined && (arg != "--envfile" || i+1 == len(args)) {
			continue
		}
		if !joined {
			list = args[i+1]
		}
		for file := range strings.SplitSeq(list, ",") {
			text, _ := os.ReadFile(file)
			for _, match := range envLine.FindAllStringSubmatch(string(text), -1) {
				variables[match[1]] = strings.TrimSpace(match[2])
			}
		}
	}
	return variables
}
