// Package reference writes the pages of docs/reference: for each module, the
// comments of its config struct and what its table of options allows.
package reference

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/caddymodule/auth"
	"github.com/odordiff/odordiff/caddymodule/capacity"
	"github.com/odordiff/odordiff/caddymodule/fallback"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/caddymodule/handover"
	"github.com/odordiff/odordiff/caddymodule/headers"
	"github.com/odordiff/odordiff/caddymodule/health"
	"github.com/odordiff/odordiff/caddymodule/limit"
	"github.com/odordiff/odordiff/caddymodule/logformat"
	"github.com/odordiff/odordiff/caddymodule/policy"
	"github.com/odordiff/odordiff/caddymodule/problem"
	"github.com/odordiff/odordiff/caddymodule/upstream"
)

// page is one file of the reference.
type page struct {
	name, about string
	modules     []module
}

// module is a Caddy module with options.
type module struct {
	config config
	// before stands before the module's name in a Caddyfile.
	before string
	// within is a Caddyfile with a %s, indented, where the module stands.
	within string
	// apart are the options that cannot stand together with the others; one
	// within a block has the block's name before it.
	apart []string
}

type config interface {
	option.Config
	caddy.Module
}

const (
	global    = "{\n\t%s}\n"
	inSite    = ":8080 {\n\t%s}\n"
	inAuth    = "{\n\tgate {\n\t\tkeyring keyring.json\n\t}\n}\n:8080 {\n\tgate_auth {\n\t\t%s\t}\n}\n"
	withKeys  = "{\n\tgate {\n\t\tkeyring keyring.json\n\t}\n}\n:8080 {\n\t%s}\n"
	inProxy   = ":8080 {\n\treverse_proxy 127.0.0.1:8090 {\n\t\t%s\t}\n}\n"
	inServer  = "{\n\tservers {\n\t\tlistener_wrappers {\n\t\t\t%s\t\t\ttls\n\t\t}\n\t}\n}\n:8080 {\n\trespond ok\n}\n"
	behindTLS = "{\n\tservers {\n\t\tlistener_wrappers {\n\t\t\t%s\t\t}\n\t}\n}\n:8080 {\n\trespond ok\n}\n"
	inLog     = "{\n\tlog {\n\t\t%s\t}\n}\n"
)

func pages() []page {
	return []page{
		{"gate", "what the modules share: Redis, the keyring", []module{{config: new(gate.App), within: global}}},
		{"gate_auth", "tokens, signatures, other providers", []module{
			{config: new(auth.Handler), within: withKeys, apart: []string{"provider"}},
			{config: new(auth.JWT), within: inAuth},
			{config: new(auth.Signature), within: inAuth},
		}},
		{"gate_limit", "how much in a window of time", []module{
			{config: new(limit.Handler), within: inSite, apart: []string{"limit rate_default", "limit rate_max", "limit items", "limit burst", "limit in_flight"}},
		}},
		{"gate_policy", "what may be asked", []module{{config: new(policy.Handler), within: inSite}}},
		{"gate_fallback", "stale answers", []module{{config: new(fallback.Handler), within: inSite}}},
		{"gate_breaker", "which upstream is asked, and what counts as its failure", []module{
			{config: new(upstream.Selection), before: "lb_policy ", within: inProxy},
			{config: new(upstream.Transport), before: "transport ", within: inProxy},
		}},
		{"gate_capacity", "how many requests and connections at a time", []module{
			{config: new(capacity.Handler), within: inSite},
			{config: new(capacity.Connections), within: inServer},
		}},
		{"gate_handover", "reloads that close no connection in use", []module{{config: new(handover.Wrapper), within: behindTLS}}},
		{"gate_headers", "what browsers are told: security, CORS, caching", []module{{config: new(headers.Handler), within: inSite}}},
		{"gate_health", "probes and checks", []module{{config: new(health.Handler), within: inSite, apart: []string{"probes_only"}}}},
		{"gate_problem", "how refusals are answered", []module{{config: new(problem.Handler), within: inSite}}},
		{"log-format", "logs without credentials", []module{{config: new(logformat.Encoder), before: "format ", within: inLog}}},
	}
}

const generated = "<!-- Written by `make reference` from the sources. -->\n\n"

// Pages returns the text of every page, by its file's name. The root is the
// repository's directory, where the sources are.
func Pages(root string) (map[string]string, error) {
	files := make(map[string]string)
	index := new(strings.Builder)
	index.WriteString(generated + "# Reference of the options\n\nEach page is written from the sources: every option of a module with its bounds,\n" +
		"its default and an example. How to use them is told in the [guides](../index.md).\n\n| module | what it is about |\n|---|---|\n")
	for _, p := range pages() {
		text, err := p.write(root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		files[p.name+".md"] = text
		fmt.Fprintf(index, "| [`%s`](%s.md) | %s |\n", p.name, p.name, p.about)
	}
	files["index.md"] = index.String()
	return files, nil
}

func (p page) write(root string) (string, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s# `%s`: %s\n", generated, p.name, p.about)
	for _, m := range p.modules {
		if len(p.modules) > 1 {
			fmt.Fprintf(&b, "\n## `%s%s`\n", m.before, m.config.Options().Name)
		}
		if err := m.write(&b, root); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func (m module) write(b *bytes.Buffer, root string) error {
	info := m.config.CaddyModule()
	table := m.config.Options()
	docs, err := docsOf(m.config, root)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\nThe module `%s`.\n\n%s\n", info.ID, docs.text(m.before+table.Name))
	if table.Usage != "" {
		fmt.Fprintf(b, "Short for a block: `%s %s`.\n\n", table.Name, table.Usage)
	}
	fmt.Fprintf(b, "```caddyfile\n%s```\n", m.example())
	return writeOptions(b, m.config, root)
}

// example returns a Caddyfile with the module and its options.
func (m module) example() string {
	before, after, _ := strings.Cut(m.within, "%s")
	above := strings.TrimRight(before, "\t")
	var b strings.Builder
	b.WriteString(above)
	writeExample(&b, m.before, m.config.Options(), len(before)-len(above), m.apart)
	b.WriteString(after)
	return b.String()
}
