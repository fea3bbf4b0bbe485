package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/promptpolicy"
)

const shippedPolicies = "../../policies"

// runPolicy runs a subcommand of policy and returns what it printed.
func runPolicy(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(policyInitCommand(), policyCheckCommand(), policyTestCommand(), policyFmtCommand(), policyEvalCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(stdin))
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func policyDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPolicyCheckPassesTheShippedPolicy(t *testing.T) {
	out, err := runPolicy(t, "", "check", shippedPolicies)
	if err != nil || !strings.Contains(out, "is fit to go live") {
		t.Errorf("%s%v", out, err)
	}
}

func TestPolicyCheckPrintsFileAndLine(t *testing.T) {
	dir := policyDir(t, map[string]string{"gate.rego": "package gate\n\ndecision := {"})
	out, err := runPolicy(t, "", "check", dir)
	if err == nil || !strings.HasPrefix(out, filepath.Join(dir, "gate.rego")+":3: ") {
		t.Errorf("%s%v", out, err)
	}
}

func TestPolicyInitUnpacksAndRenews(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	out, err := runPolicy(t, "", "init", dir)
	if err != nil || !strings.HasPrefix(out, dir+": unpacked ") {
		t.Fatalf("%s%v", out, err)
	}
	if out, err := runPolicy(t, "", "check", dir); err != nil {
		t.Errorf("%s%v", out, err)
	}
	if out, err = runPolicy(t, "", "init", dir); err != nil || out != dir+": nothing to renew\n" {
		t.Errorf("again: %s%v", out, err)
	}
	file := filepath.Join(dir, "data.yaml")
	if err := os.WriteFile(file, []byte("settings: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = runPolicy(t, "", "init", dir); err != nil || !strings.Contains(out, file+" is not as shipped, and is left so") {
		t.Errorf("with an edited file: %s%v", out, err)
	}
	if out, err = runPolicy(t, "", "init", "--force", dir); err != nil || !strings.Contains(out, file+".edited") {
		t.Errorf("with --force: %s%v", out, err)
	}
	if out, err := runPolicy(t, "", "check", dir); err != nil {
		t.Errorf("after --force: %s%v", out, err)
	}
}

func TestPolicyTestPrintsFailuresOnly(t *testing.T) {
	dir := policyDir(t, map[string]string{
		"gate.rego":      "package gate\n\nx := 1",
		"gate_test.rego": "package gate_test\n\ntest_right if data.gate.x == 1\n\ntest_wrong if {\n\tprint(\"x is\", data.gate.x)\n\tdata.gate.x == 2\n}",
	})
	out, err := runPolicy(t, "", "test", dir)
	if err == nil || err.Error() != "1 of 2 tests failed" {
		t.Errorf("error = %v", err)
	}
	if !strings.Contains(out, "gate_test.rego:5  data.gate_test.test_wrong") || !strings.Contains(out, "x is 1") || strings.Contains(out, "test_right") {
		t.Errorf("output:\n%s", out)
	}
	if out, _ = runPolicy(t, "", "test", "--verbose", dir); !strings.Contains(out, "pass") {
		t.Errorf("output with --verbose:\n%s", out)
	}
}

// greedy returns the body of a rule that makes ten thousand million of one word
// in a single call, which nothing cancels.
func greedy() string {
	var body strings.Builder
	body.WriteString("{\n\tx0 := [\"word\"]\n")
	for i := range 10 {
		fmt.Fprintf(&body, "\tx%d := [%s]\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("x%d, ", i), 10), ", "))
	}
	body.WriteString("\tjson.marshal(x10) != \"\"\n}\n")
	return body.String()
}

// ended is what says so: which bound comes first depends on the machine.
var ended = regexp.MustCompile(`took more than (512 MiB of memory: a rule or a test makes too much data|30s and was ended)`)

func TestARuleThatNothingCancelsIsEnded(t *testing.T) {
	const decision = "decision := {\"allow\": true, \"status\": 200, \"reasons\": [], \"obligations\": [], \"labels\": []} if "
	for command, tc := range map[string]struct{ rule, test string }{
		"test":  {"input.complete\n", "test_greedy if " + greedy()},
		"check": {greedy(), "test_right if true"},
		"eval":  {greedy(), "test_right if true"},
	} {
		t.Run(command, func(t *testing.T) {
			dir := policyDir(t, map[string]string{"gate.rego": "package gate\n\n" + decision + tc.rule, "gate_test.rego": "package gate_test\n\n" + tc.test})
			args := []string{command, dir}
			if command == "eval" {
				args = append(args, "--input", "-")
			}
			out, err := runPolicy(t, "{}", args...)
			if err == nil || err.Error() != dir+" has 1 fault" || !ended.MatchString(out) {
				t.Errorf("%s%v", out, err)
			}
		})
	}
}

func TestPolicyFmt(t *testing.T) {
	const ugly = "package gate\nx   :=  1\n"
	dir := policyDir(t, map[string]string{"gate.rego": ugly, "good.rego": "package good\n"})
	file := filepath.Join(dir, "gate.rego")

	out, err := runPolicy(t, "", "fmt", "--check", dir)
	if err == nil || out != file+"\n" {
		t.Errorf("--check: %q, %v", out, err)
	}
	if content, _ := os.ReadFile(file); string(content) != ugly {
		t.Error("--check changed the file")
	}
	if _, err := runPolicy(t, "", "fmt", "--write", dir); err != nil {
		t.Error(err)
	}
	if content, _ := os.ReadFile(file); string(content) != "package gate\n\nx := 1\n" {
		t.Errorf("--write wrote %q", content)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if out, err := runPolicy(t, "", "fmt", "--check", dir); err != nil || out != "" {
		t.Errorf("formatted, but --check says %q, %v", out, err)
	}
	if _, err := runPolicy(t, "", "fmt", "--check", "--write", dir); err == nil {
		t.Error("--check and --write were taken together")
	}
}

func TestShippedPolicyIsFormatted(t *testing.T) {
	if out, err := runPolicy(t, "", "fmt", "--check", shippedPolicies); err != nil {
		t.Errorf("%s%v", out, err)
	}
}

func TestPolicyEvalPrintsTheDecision(t *testing.T) {
	const input = `{"complete": true, "principal": {"id": "alice", "scopes": []}, "prompts": [{"path": "/prompt", "text": "a rose with VX"}]}`
	file := filepath.Join(t.TempDir(), "input.json")
	if err := os.WriteFile(file, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{file, "-"} {
		out, err := runPolicy(t, input, "eval", "--input", from, shippedPolicies)
		if err != nil {
			t.Fatal(err)
		}
		var d promptpolicy.Decision
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if d.Allow || d.Status != 403 || len(d.Reasons) != 1 || d.Reasons[0].ID != "chemical-weapon" {
			t.Errorf("decision = %+v", d)
		}
	}
}

func TestPolicyEvalSaysWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct{ stdin, want string }{
		"no JSON":     {"{", "the input document is not JSON"},
		"no decision": {"{}", "the gateway would answer 503"},
	} {
		dir := policyDir(t, map[string]string{"gate.rego": "package gate\n\ndecision := 1 if input.complete"})
		if _, err := runPolicy(t, tc.stdin, "eval", "--input", "-", dir); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
	if _, err := runPolicy(t, "", "eval", shippedPolicies); err == nil || !strings.Contains(err.Error(), "input") {
		t.Errorf("without --input: %v", err)
	}
}

func TestPolicyInitUnpacksTheProfileThatIsAskedFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	if out, err := runPolicy(t, "", "init", "--profile", "chat", dir); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	if out, err := runPolicy(t, "", "check", "--covered", dir); err != nil {
		t.Errorf("%s%v", out, err)
	}
	if out, err := runPolicy(t, "", "init", dir); err != nil || out != dir+": nothing to renew\n" {
		t.Errorf("without a profile it keeps its own: %s%v", out, err)
	}
	if out, err := runPolicy(t, "", "init", "--profile", "scent", dir); err == nil || !strings.Contains(err.Error(), "has the profile chat") {
		t.Errorf("another: %s%v", out, err)
	}
	if _, err := runPolicy(t, "", "init", "--profile", "talk", dir); err == nil || !strings.Contains(err.Error(), "choose scent or chat") {
		t.Errorf("an unknown one: %v", err)
	}
}
