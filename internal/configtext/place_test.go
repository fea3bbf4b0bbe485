package configtext

import "testing"

func TestTheLineOfAPart(t *testing.T) {
	const inYAML = `apps:
  http:
    servers:
      a:
        routes:
          - handle:
              - handler: gate_limit
                kee: x
          - match: []
`
	const inJSON = `{
  // all of it
  "apps": {"http": {
    "servers": {"a": {
      "routes": [
        {"handle": [
          {"handler": "gate_limit",
           "kee": "x"}
        ]},
        {"match": []}
      ]
    }}
  }}
}`
	for _, test := range []struct {
		pointer, field string
		yaml, json     int
	}{
		{"", "", 1, 1},
		{"/apps/http/servers/a/routes/0/handle/0", "", 7, 7},
		{"/apps/http/servers/a/routes/0/handle/0", "kee", 8, 8},
		{"/apps/http/servers/a/routes/1/match", "", 9, 10},
		{"/apps/http/servers/a/routes/7/handle/0", "", 5, 5},
		{"/apps/http", "kee", 8, 8},
		{"/apps/http", "none", 2, 3},
	} {
		if got := LineInYAML([]byte(inYAML), test.pointer, test.field); got != test.yaml {
			t.Errorf("YAML %s %s: line %d, want %d", test.pointer, test.field, got, test.yaml)
		}
		if got := LineInJSON([]byte(inJSON), test.pointer, test.field); got != test.json {
			t.Errorf("JSON %s %s: line %d, want %d", test.pointer, test.field, got, test.json)
		}
	}
	if LineInYAML([]byte("a: ["), "/a", "") != 0 || LineInJSON([]byte("{"), "/a", "") != 0 {
		t.Error("a broken text has lines")
	}
}
