package promptpolicy

import "testing"

const (
	denies = "\n\ndeny contains {\"id\": \"x\", \"message\": \"No.\", \"severity\": \"low\"} if input.complete\n"
	helper = "\n\nhelper := 1\n"
)

func TestRulesThatWouldNeverCountAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"two names":                         {"rules/a.rego", "package gate.rules.acme.x" + denies, "rules/a.rego:1: nothing is collected from package gate.rules.acme.x"},
		"two names elsewhere":               {"a.rego", "package gate.rules.acme.x" + denies, "a.rego:1: nothing is collected from package gate.rules.acme.x"},
		"no name":                           {"rules/a.rego", "package gate.rules" + denies, "rules/a.rego:1: nothing is collected from package gate.rules:"},
		"no name elsewhere":                 {"a.rego", "package gate.rules" + denies, "a.rego:1: nothing is collected from package gate.rules:"},
		"a typo in the package":             {"rules/a.rego", "package gate.rule.a" + denies, "rules/a.rego:1: nothing is collected from package gate.rule.a"},
		"a typo in the package elsewhere":   {"a.rego", "package gate.rule.a" + denies, `a.rego:3: "deny" is not collected from package gate.rule.a`},
		"the decision's package in rules":   {"rules/a.rego", "package gate" + denies, "rules/a.rego:1: nothing is collected from package gate:"},
		"a typo and nothing to collect":     {"rules/a.rego", "package gate.rule.a", "rules/a.rego:1: nothing is collected from package gate.rule.a"},
		"obligations in another package":    {"a.rego", "package acme\n\noblige contains 1 if true", `a.rego:3: "oblige" is not collected`},
		"labels in another package":         {"a.rego", "package acme\n\nlabel contains 1 if true", `a.rego:3: "label" is not collected`},
		"a typo in the rule":                {"rules/a.rego", "package gate.rules.a\n\ndenies contains 1 if true", "rules/a.rego:3: none of the rules is deny, oblige or label"},
		"a helper among the rules":          {"a.rego", "package gate.rules.a" + helper, "a.rego:3: none of the rules is deny, oblige or label"},
		"a denial that is true":             {"rules/a.rego", "package gate.rules.a\n\ndeny if true", `rules/a.rego:3: "deny" must be a set`},
		"a set below the denials":           {"rules/a.rego", "package gate.rules.a\n\ndeny.x contains 1 if true", `rules/a.rego:3: "deny.x" must be a set`},
		"a function of the name of denials": {"rules/a.rego", "package gate.rules.a\n\ndeny(x) := x", `rules/a.rego:3: "deny" must be a set`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := admit(t, map[string]string{"gate.rego": allowing, tc.file: tc.content})
			wantError(t, err, tc.want)
		})
	}
}

func TestRulesThatCountOrPretendNothingAreAdmitted(t *testing.T) {
	for name, tc := range map[string]struct{ file, content string }{
		"a rule":                      {"rules/a.rego", "package gate.rules.a" + denies},
		"a rule elsewhere":            {"a.rego", "package gate.rules.a" + denies},
		"a name in quotes":            {"rules/a.rego", "package gate.rules[\"a-b\"]" + denies},
		"a rule that is switched off": {"a.rego", "package gate.rules.a\n\nimport rego.v1\n"},
		"a helper beside a rule":      {"rules/a.rego", "package gate.rules.a" + denies + helper},
		"a library":                   {"lib/a.rego", "package gate.lib.a" + helper},
		"a package of a longer name":  {"a.rego", "package gate.rulesets" + helper},
		"the decision's own":          {"a.rego", "package gate" + denies},
		"a test's helper":             {"rules/a_test.rego", "package gate.rules.a_test" + helper},
		"a test's denial":             {"a_test.rego", "package other_test" + denies},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := admit(t, map[string]string{"gate.rego": allowing, tc.file: tc.content}); err != nil {
				t.Error(err)
			}
		})
	}
}
