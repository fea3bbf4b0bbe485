package bench

// ours are the rungs beside which peers are measured, with what they do.
var ours = []struct{ rung, does string }{
	{"plain Caddy", "forwards, and nothing else; so do all the others"},
	{"three limits", "exact sliding windows, and fields that tell the client"},
	{"JWT, cached", "HS256, claims and scope; a token seen before is looked up"},
	{"JWT and policy", "the same, strict JSON, a schema, signals in the text, Rego"},
	{"chain, no log", "limits, token, policy, stale answers, breaker, headers, metrics"},
	{"shipped Caddyfile", "the same, and an access log"},
}

const redisRungDoes = "the same windows, in one step in Redis"

var (
	redisServer = program{"redis-server", []string{
		"--bind", "127.0.0.1", "--port", "{{.Second}}", "--save", "", "--appendonly", "no", "--dir", "{{.Dir}}",
	}}
	opaServer = program{"opa", []string{
		"run", "--server", "--addr", "127.0.0.1:{{.Second}}", "--authentication", "token", "--authorization", "basic",
		"--log-level", "error", "--skip-version-check", "{{.Policies}}", "{{.Dir}}/authz.rego",
	}}
	caddyServer = program{"caddy-ratelimit", []string{"run", "--adapter", "caddyfile", "--config", "{{.Dir}}/caddy.caddyfile"}}
	traefik     = program{"traefik", []string{"--configFile={{.Dir}}/traefik.yml"}}
	haproxy     = program{"haproxy", []string{"-db", "-f", "{{.Dir}}/haproxy.cfg"}}
)

var peers = []peer{
	{
		name: "nginx, three limits", does: "leaky buckets in memory; no fields, no token, no policy",
		programs: []program{{"nginx", []string{"-p", "{{.Dir}}", "-e", "stderr", "-c", "{{.Dir}}/nginx.conf"}}},
		configs:  []string{"nginx.conf"},
	},
	{
		name: "HAProxy, three stick tables", does: "rates that weigh the last period; no fields, no token, no policy",
		programs: []program{haproxy}, configs: []string{"haproxy.cfg"},
	},
	{
		name: "HAProxy, stick tables and HS256", does: "the same, and the token verified each time; no policy",
		programs: []program{haproxy}, configs: []string{"haproxy.cfg"}, algorithm: "HS256",
	},
	{
		name: "HAProxy, stick tables and ES256", does: "the same with a key pair",
		programs: []program{haproxy}, configs: []string{"haproxy.cfg"}, algorithm: "ES256",
	},
	{
		name: "Traefik, three limits", does: "token buckets in memory; no fields, no token, no policy",
		programs: []program{traefik}, configs: []string{"traefik.yml", "traefik-routes.yml"},
	},
	{
		name: "Traefik, three limits in Redis", does: "token buckets in Redis, one after the other",
		programs: []program{redisServer, traefik}, configs: []string{"traefik.yml", "traefik-routes.yml"}, has: []string{"redis"},
	},
	{
		name: "Caddy with caddy-ratelimit, three zones", does: "exact sliding windows; no fields, no token, no policy",
		programs: []program{caddyServer}, configs: []string{"caddy.caddyfile"}, has: []string{"zones"},
	},
	{
		name: "Caddy asking an OPA", does: "HS256 and our Rego in OPA; no signals, no schema, short bodies only",
		programs: []program{opaServer, caddyServer}, configs: []string{"caddy.caddyfile", "authz.rego"},
		has: []string{"opa"}, algorithm: "HS256",
	},
	{
		name: "Caddy asking an OPA, three zones", does: "the same with limits; no stale answers, no breaker, no metrics",
		programs: []program{opaServer, caddyServer}, configs: []string{"caddy.caddyfile", "authz.rego"},
		has: []string{"opa", "zones"}, algorithm: "HS256",
	},
	{
		name: "Portkey", does: "rewrites the body for a provider; no limits, no token, no policy",
		programs: []program{{"node", []string{
			"--require", "{{.Dir}}/loopback.cjs",
			"{{.Peers}}/portkey/node_modules/@portkey-ai/gateway/build/start-server.js", "--port={{.Port}}", "--headless",
		}}},
		configs: []string{"loopback.cjs"}, path: "/v1/completions",
		header: map[string]string{"X-Portkey-Provider": "openai", "X-Portkey-Custom-Host": "http://{{.Upstream}}/v1"},
	},
}
