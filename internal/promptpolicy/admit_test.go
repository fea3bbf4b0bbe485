package promptpolicy

import (
	"strings"
	"testing"
)

func TestAdmitNamesTheFault(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"syntax": {
			map[string]string{"gate.rego": "package gate\n\ndecision := {"},
			"gate.rego:3: rego_parse_error",
		},
		"unsafe variable": {
			map[string]string{"gate.rego": allowing, "rules/x.rego": "package gate.rules.x\n\ndeny contains x if true"},
			"rules/x.rego:3: rego_unsafe_var_error",
		},
		"unused variable, which strict mode refuses": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny if { z := 1 }"},
			"x.rego:3:",
		},
		"a field that the input does not have": {
			map[string]string{"gate.rego": allowing, "rules/x.rego": "package gate.rules.x\n\ndeny contains {} if input.promts[0].text == \"x\""},
			"rules/x.rego:3: rego_type_error",
		},
		"a field that a prompt does not have": {
			map[string]string{"gate.rego": allowing, "rules/x.rego": "package gate.rules.x\n\ndeny contains {} if input.prompts[0].normalized == \"x\""},
			"rules/x.rego:3: rego_type_error",
		},
		"http.send": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny := http.send({\"method\": \"GET\", \"url\": \"http://127.0.0.1\"})"},
			"x.rego:3: rego_type_error: undefined function http.send",
		},
		"net.lookup_ip_addr": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny := net.lookup_ip_addr(\"localhost\")"},
			"undefined function net.lookup_ip_addr",
		},
		"opa.runtime": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny := opa.runtime().env"},
			"undefined function opa.runtime",
		},
		"rego.parse_module": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny := rego.parse_module(\"x\", \"package x\")"},
			"undefined function rego.parse_module",
		},
		"numbers.range": {
			map[string]string{"gate.rego": allowing, "x.rego": "package x\n\ny := numbers.range(1, 1000000000)"},
			"undefined function numbers.range",
		},
		"a forbidden function in a test": {
			map[string]string{"gate.rego": allowing, "x_test.rego": "package x_test\n\ntest_x if opa.runtime().env"},
			"x_test.rego:3: rego_type_error: undefined function opa.runtime",
		},
		"a term set that does not exist": {
			map[string]string{"gate.rego": allowing, "rules/x.rego": "package gate.rules.x\n\ndeny contains {\"id\": term} if some term in gate.terms(\"weapon\", \"x\")"},
			`rules/x.rego:3: gate.terms: data.terms has no set "weapon"`,
		},
		"a search of a normalised prompt": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: []}", "rules/x.rego": "package gate.rules.x\n\nlabel contains term if {\n\tsome prompt in input.prompts\n\tsome term in gate.terms(\"x\", prompt.normalised)\n}"},
			"rules/x.rego:5: gate.terms: search the original text",
		},
		"a search of a normalised prompt by another name": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: []}", "rules/x.rego": "package gate.rules.x\n\nlabel contains term if {\n\tsome prompt in input.prompts\n\tn := prompt.normalised\n\tm = n\n\tsome term in gate.terms(\"x\", m)\n}"},
			"rules/x.rego:7: gate.terms: search the original text",
		},
		"a search of normalised prompts one by one": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: []}", "rules/x.rego": "package gate.rules.x\n\nlabel contains term if {\n\ttexts := [t | t := input.prompts[_].normalised]\n\tsome text in texts\n\tsome term in gate.terms(\"x\", text)\n}"},
			"rules/x.rego:6: gate.terms: search the original text",
		},
		"a search of a normalised prompt by a function": {
			map[string]string{"gate.rego": strings.Replace(allowing, "\"labels\": []", "\"labels\": data.gate.rules.x.label", 1), "data.yaml": "terms: {x: []}", "rules/x.rego": "package gate.rules.x\n\nlabel contains term if {\n\tsome prompt in input.prompts\n\tsome term in found(prompt.normalised)\n}\n\nfound(text) := gate.terms(\"x\", text)"},
			"rules/x.rego:8: search the original text",
		},
		"a search of a text that is normalised at once": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: []}", "x.rego": "package x\n\ny := gate.terms(\"x\", gate.normalise(\"rose\"))"},
			"x.rego:3: gate.terms: search the original text",
		},
		"a denial that is not a set": {
			map[string]string{"gate.rego": allowing, "rules/x.rego": "package gate.rules.x\n\ndeny if input.complete"},
			`rules/x.rego:3: "deny" must be a set`,
		},
		"an empty file": {
			map[string]string{"gate.rego": allowing, "x.rego": "# nothing"},
			"x.rego: rego_parse_error: empty module",
		},
		"a failing test": {
			map[string]string{"gate.rego": allowing, "gate_test.rego": "package gate_test\n\ntest_wrong if 1 == 2"},
			"gate_test.rego:3: test data.gate_test.test_wrong fails",
		},
		"a failing case of a table": {
			map[string]string{"gate.rego": allowing, "gate_test.rego": "package gate_test\n\ntest_table[note] if {\n\tsome note, n in {\"good\": 1, \"bad\": 2}\n\tn == 1\n}"},
			"gate_test.rego:3: test data.gate_test.test_table fails for bad",
		},
		"a test whose function fails": {
			map[string]string{"gate.rego": allowing, "gate_test.rego": "package gate_test\n\ntest_error if not to_number(\"x\") == 1"},
			"gate_test.rego:3: test data.gate_test.test_error",
		},
		"data.json with a name twice": {
			map[string]string{"gate.rego": allowing, "data.json": "{\n\"a\": 1,\n\"a\": 2}"},
			"data.json:3:",
		},
		"data.json that is a list": {
			map[string]string{"gate.rego": allowing, "data.json": "[]"},
			"data.json:1: must be an object",
		},
		"data.yaml with bad syntax": {
			map[string]string{"gate.rego": allowing, "data.yaml": "a: [\n"},
			"data.yaml: must be an object",
		},
		"data under one name twice": {
			map[string]string{"gate.rego": allowing, "data.json": `{"x": {"y": 1}}`, "x/data.yaml": "y: 2"},
			`x/data.yaml:1: "y" is already set by another data file`,
		},
		"data.yaml with a name twice": {
			map[string]string{"gate.rego": allowing, "data.yaml": "settings:\n  require_principal: true\n  bulk: {a: 1}\n  require_principal: false\n"},
			`data.yaml:4: "require_principal" is already set in line 2`,
		},
		"data.yaml as JSON with a name twice": {
			map[string]string{"gate.rego": allowing, "data.yaml": "{\"a\": 1,\n\"a\": 2}"},
			`data.yaml:2: "a" is already set in line 1`,
		},
		"data.yaml with two documents": {
			map[string]string{"gate.rego": allowing, "data.yaml": "a: 1\n---\nb: 2\n"},
			"data.yaml:2: a second document begins here",
		},
		"data.yaml with an unread document": {
			map[string]string{"gate.rego": allowing, "data.yaml": "a: 1\n---\n[\n"},
			"data.yaml: ",
		},
		"data.yaml of nothing": {
			map[string]string{"gate.rego": allowing, "data.yaml": "# settings: {}\n"},
			"data.yaml:1: is empty",
		},
		"data.yaml with a monstrous number": {
			map[string]string{"gate.rego": allowing, "data.json": "{\"a\": {\n\"b\": 1e999999999}}"},
			"data.json:2: a number is too large",
		},
		"data below a value": {
			map[string]string{"gate.rego": allowing, "data.json": `{"x": null}`, "x/data.yaml": "y: 2"},
			`x/data.yaml: its directory's "x" is already a value of another data file`,
		},
		"a setting that no rule reads": {
			map[string]string{"gate.rego": allowing, "data.yaml": "settings:\n  bulk:\n    treshold: 20\n    threshold: 20\n",
				"x.rego": "package x\n\nimport data.settings\n\ny := settings.bulk.threshold"},
			"data.yaml:3: no rule reads data.settings.bulk.treshold",
		},
		"settings under another name": {
			map[string]string{"gate.rego": allowing, "data.yaml": "setings: {a: 1}", "x.rego": "package x\n\ny := data.settings.a"},
			"data.yaml:1: no rule reads data.setings",
		},
		"data over a rule": {
			map[string]string{"gate.rego": allowing, "data.json": `{"gate": {"decision": {"allow": true}}}`},
			"gate.rego:3:",
		},
		"terms that are not strings": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: [1]}"},
			"data.terms.x must be a list of strings, but item 0",
		},
		"terms that are nothing": {
			map[string]string{"gate.rego": allowing, "data.yaml": "terms: {x: ['?!']}"},
			"data.terms.x has item 0",
		},
		"a schema with bad syntax": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\n\"type\": }"},
			"schemas/x.json:2:",
		},
		"a schema that is none": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": `{"type": "text"}`},
			"schemas/x.json:",
		},
		"a schema with an unknown keyword": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"properties\": {\n\"n\": {\"type\": \"integer\",\n\"maximun\": 5}}}"},
			`schemas/x.json:3: JSON Schema 2020-12 has no keyword "maximun"`,
		},
		"a schema with an unknown keyword in a list": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"allOf\": [{\"items\": {\n\"minLenght\": 1}}]}"},
			`schemas/x.json:2: JSON Schema 2020-12 has no keyword "minLenght"`,
		},
		"a schema of another draft": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}"},
			"schemas/x.json:1: $schema must be",
		},
		"a schema with an unknown format": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"format\": \"emial\"}"},
			`schemas/x.json:1: the format "emial" is not checked`,
		},
		"a schema with half a condition": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"then\": {\"type\": \"string\"}}"},
			`schemas/x.json:1: "then" checks nothing without "if"`,
		},
		"a schema with a monstrous number": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"minimum\": 1e-1000001}"},
			"schemas/x.json:1: minimum: a number is too large, too small",
		},
		"a schema that is itself": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"properties\": {\n\"a\": {\n\"$ref\": \"#/properties/a\"}}}"},
			"schemas/x.json:2: refers to itself",
		},
		"a schema that is itself by way of another": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": `{"allOf": [{"$ref": "y.json"}]}`, "schemas/y.json": `{"$ref": "x.json"}`},
			"refers to itself",
		},
		"a schema with a bad value": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"properties\": {\n\"a\": {\"minLength\": \"1\"}}}"},
			"schemas/x.json:2: /properties/a/minLength must be of type",
		},
		"a schema with a bad pattern": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"properties\": {\n\"a\": {\"pattern\": \"(\"}}}"},
			"schemas/x.json:2:",
		},
		"a schema that refers to nothing": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": "{\"properties\": {\n\"a\": {\"$ref\": \"#/$defs/b\"}}}"},
			"schemas/x.json:",
		},
		"a schema that refers to the network": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": `{"$ref": "https://example.com/x.json"}`},
			"schemas/x.json:",
		},
		"a schema that refers to another file of the machine": {
			map[string]string{"gate.rego": allowing, "schemas/x.json": `{"$ref": "file:///etc/passwd"}`},
			"schemas/x.json:",
		},
		"no decision": {
			map[string]string{"gate.rego": "package gate\n\nallow := true"},
			"data.gate.decision is undefined",
		},
		"a policy of denials alone": {
			map[string]string{"gate.rego": `package gate

deny contains "bulk" if input.body.num_molecules > 20

decision := {"allow": true, "status": 200, "reasons": [], "obligations": [], "labels": []} if count(deny) == 0
`},
			"the policy allows a request about which nothing is known",
		},
		"a rule that always fails": {
			map[string]string{"gate.rego": allowing, "fail.rego": "package gate\n\ndecision := 1 if to_number(input.request.method) == 1"},
			"deciding: fail.rego:3: eval_builtin_error in to_number",
		},
		"two decisions": {
			map[string]string{"gate.rego": allowing, "other.rego": denying},
			"deciding:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := admit(t, tc.files)
			wantError(t, err, tc.want)
		})
	}
}

func TestAdmitTakesASchemaThatRefersToAnother(t *testing.T) {
	p, err := admit(t, map[string]string{
		"gate.rego":           allowing,
		"schemas/prompt.json": `{"$ref": "common.json#/$defs/prompt"}`,
		"schemas/common.json": `{"$defs": {"prompt": {"type": "string"}}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	schema, ok := p.Schema("schemas/prompt.json")
	if !ok || schema.Validate("rose") != nil || schema.Validate(true) == nil {
		t.Error("the reference is not followed")
	}
}

func TestTestsSeeTheGatesFunctions(t *testing.T) {
	results, err := Test(t.Context(), snapshot(t, map[string]string{
		"gate.rego": allowing,
		"data.yaml": "terms: {agents: [nerve agent]}",
		"x_test.rego": "package x_test\n\ntest_terms if gate.terms(\"agents\", \"Nerve-Agents? nerve_agent!\") == [\"nerve agent\"]\n\n" +
			"test_normalise if gate.normalise(\" ＲＯＳＥ  \") == \"rose\"\n\ntodo_test_later if false\n\ntest_print if print(\"seen\")",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 4 {
		t.Fatalf("%d results: %+v", len(results), results)
	}
	for _, result := range results {
		if result.Failure != "" {
			t.Errorf("%s:%d %s %s", result.File, result.Line, result.Name, result.Failure)
		}
	}
	if !results[2].Skipped || results[3].Output != "seen\n" {
		t.Errorf("results = %+v", results)
	}
}

func TestTestsAreNotPartOfTheDecision(t *testing.T) {
	p, err := admit(t, map[string]string{
		"gate.rego":      allowing,
		"gate_test.rego": "package gate\n\ndecision := {\"allow\": false} if input.request.id == \"planted\"\n\ntest_nothing if true",
	})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := p.Decide(t.Context(), &Input{Request: Request{ID: "planted"}}); err != nil || !d.Allow {
		t.Errorf("a rule of a test file decided: %+v, %v", d, err)
	}
}
