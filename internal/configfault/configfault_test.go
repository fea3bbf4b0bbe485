package configfault

import "testing"

func TestAChainComesDownToOneLine(t *testing.T) {
	for _, test := range []struct{ name, chain, pointer, want string }{
		{
			"an option, with the lines of all blocks around",
			`adapting config using caddyfile: parsing caddyfile tokens for 'route': parsing caddyfile tokens for 'gate_limit': rate: "300" is not a rate; write for example: rate 60/1m, at Caddyfile:164, at Caddyfile:208`,
			"", `Caddyfile:164: gate_limit: rate: "300" is not a rate; write for example: rate 60/1m`,
		},
		{
			"a line in the middle",
			`adapting config using caddyfile: parsing caddyfile tokens for 'reverse_proxy': inner: module not registered: x, at Caddyfile:201; write for example: inner least_conn, at Caddyfile:208`,
			"", `Caddyfile:201: reverse_proxy: inner: module not registered: x; write for example: inner least_conn`,
		},
		{
			"a line at the beginning",
			`adapting config using caddyfile: Caddyfile:121: unrecognized directive: gate_capacityy`,
			"", `Caddyfile:121: unrecognized directive: gate_capacityy`,
		},
		{
			"another format",
			`adapting config using yaml: gateway.yaml:4:2: did not find expected ',' or '}'`,
			"", `gateway.yaml:4: did not find expected ',' or '}'`,
		},
		{
			"a handler within routes within routes",
			`loading http app module: provision http: server srv2: setting up route handlers: route 0: loading handler modules: position 0: loading module 'subroute': provision http.handlers.subroute: setting up subroutes: route 5: loading handler modules: position 3: loading module 'gate_policy': provision http.handlers.gate_policy: dir: opening /nowhere: no such directory`,
			"/apps/http/servers/srv2/routes/0/handle/0/routes/5/handle/3", `gate_policy: dir: opening /nowhere: no such directory`,
		},
		{
			"an unknown field",
			`loading http app module: provision http: server a: setting up route handlers: route 1: loading handler modules: position 1: loading module 'gate_limit': decoding module config: http.handlers.gate_limit: json: unknown field "kee"`,
			"/apps/http/servers/a/routes/1/handle/1", `gate_limit: json: unknown field "kee"`,
		},
		{
			"a matcher",
			`loading http app module: provision http: server a: setting up route matchers: route 1: loading matcher modules: module name 'pth': unknown module: http.matchers.pth`,
			"/apps/http/servers/a/routes/1/match", `matcher pth: unknown module: http.matchers.pth`,
		},
		{
			"an app",
			`loading gate app module: provision gate: redis: redis URL: unknown scheme`,
			"/apps/gate", `gate: redis: redis URL: unknown scheme`,
		},
		{"the whole", `decoding config: json: unknown field "appss"`, "", `json: unknown field "appss"`},
		{"anything else", "no chain at all", "", "no chain at all"},
	} {
		f := Read(test.chain)
		if f.String() != test.want || f.Pointer != test.pointer {
			t.Errorf("%s: %q at %q\nwant %q at %q", test.name, f, f.Pointer, test.want, test.pointer)
		}
	}
}

const caddyfile = `{
	gate {
		redis http://x
	}
}
:80 {
	gate_policy {
		dir policies
		schema /a schemas/a.json
		schema /b schemas/b.json
	}
	handle {
		gate_policy {
			dir /nowhere # not there
		}
	}
	gate_problem
}
`

func TestAFaultWithoutALineIsFoundByItsDirective(t *testing.T) {
	for _, test := range []struct{ name, module, message, want string }{
		{"the option of one block of two", "gate_policy", "schema: reading schemas/b.json: none", "Caddyfile:10: gate_policy: schema: reading schemas/b.json: none"},
		{"an option that both have", "gate_policy", "dir: no such directory", "Caddyfile:8 or 14: gate_policy: dir: no such directory"},
		{"the value of one of them", "gate_policy", "dir: opening /nowhere: no such directory", "Caddyfile:14: gate_policy: dir: opening /nowhere: no such directory"},
		{"of the whole block", "gate_policy", "nothing to do", "Caddyfile:7 or 13: gate_policy: nothing to do"},
		{"an app", "gate", "redis: unknown scheme", "Caddyfile:3: gate: redis: unknown scheme"},
		{"without a block", "gate_problem", "no", "Caddyfile:17: gate_problem: no"},
		{"a value of no option", "gate_policy", "the policy in force: schemas/a.json: none", "Caddyfile:9: gate_policy: the policy in force: schemas/a.json: none"},
		{"not there", "gate_auth", "no", "gate_auth: no"},
		{"no directive, but a word of one line", "", "opening /nowhere: none", "Caddyfile:14: opening /nowhere: none"},
		{"no directive, and words of many", "", "gate_policy", "gate_policy"},
	} {
		f := Fault{Module: test.module, Message: test.message}
		f.Find("Caddyfile", caddyfile)
		if f.String() != test.want {
			t.Errorf("%s: %q, want %q", test.name, f, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("adapting config using caddyfile: x, at Caddyfile:1, at Caddyfile:2", caddyfile)
	f.Add("loading http app module: server a: route 0: loading module 'gate': redis: y", caddyfile)
	f.Fuzz(func(_ *testing.T, chain, text string) {
		fault := Read(chain)
		fault.Find("Caddyfile", text)
		_ = fault.String()
	})
}
