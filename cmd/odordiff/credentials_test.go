package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/nonce"
	"github.com/odordiff/odordiff/internal/token"
)

// freshState points the commands to an empty state directory with a keyring,
// which is returned.
func freshState(t *testing.T) *keyring.Keyring {
	t.Helper()
	t.Setenv("ODORDIFF_STATE", filepath.Join(t.TempDir(), "state"))
	if out, err := runCommand(t, keyringInitCommand(), ""); err != nil {
		t.Fatalf("keyring init: %v\n%s", err, out)
	}
	keys, err := keyring.Open(keyringFile(stateDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	return keys
}

func runCommand(t *testing.T, cmd *cobra.Command, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(append([]string{}, args...))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func commandOf(setup func(*cobra.Command)) *cobra.Command {
	cmd := &cobra.Command{Use: "test"}
	setup(cmd)
	return cmd
}

func TestKeyringInitReplacesNothing(t *testing.T) {
	freshState(t)
	before, err := os.ReadFile(keyringFile(stateDir()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runCommand(t, keyringInitCommand(), ""); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("a second time: error is %v", err)
	}
	if out, err := runCommand(t, keyringInitCommand(), "", "--if-missing"); err != nil || out != "" {
		t.Errorf("if missing: error is %v, and it printed %q", err, out)
	}
	if after, err := os.ReadFile(keyringFile(stateDir())); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the keyring changed (error %v)", err)
	}
}

func TestKeyringInitIfMissingMakesWhatIsMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	out, err := runCommand(t, keyringInitCommand(), "", "--if-missing", "--file", file)
	if err != nil || out != file+"\n" {
		t.Fatalf("error is %v, and it printed %q", err, out)
	}
	keys, err := keyring.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	_ = keys.Close()
}

func TestTokenPrintsOneThatTheShippedConfigAccepts(t *testing.T) {
	keys := freshState(t)
	verifier, err := token.New(token.Config{
		Algorithms: []token.Algorithm{token.HS256}, Issuers: []string{"odordiff"}, Audiences: []string{"odordiff"},
		Scopes: []string{"generate"}, Keyring: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := runCommand(t, commandOf(setupToken), "", "--subject", "ada", "--tenant", "acme", "--scope", "generate,read", "--ttl", "5m")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	claims, err := verifier.Verify(strings.TrimSpace(out))
	if err != nil {
		t.Fatal(err)
	}
	if claims.Subject != "ada" || claims.Tenant != "acme" || len(claims.Scopes) != 2 || time.Until(claims.Expiry) > 5*time.Minute {
		t.Errorf("claims are %+v", claims)
	}
}

func TestTheDevelopmentCredentialMayGenerateAndOperate(t *testing.T) {
	keys := freshState(t)
	file, err := developmentCredential(stateDir())
	if err != nil {
		t.Fatal(err)
	}
	minted, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := token.New(token.Config{
		Algorithms: []token.Algorithm{token.HS256}, Issuers: []string{"odordiff"}, Audiences: []string{"odordiff"},
		Scopes: []string{"generate", "operator"}, Keyring: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(strings.TrimSpace(string(minted))); err != nil {
		t.Error(err)
	}
}

func TestSignPrintsFieldsThatVerify(t *testing.T) {
	const body = `{"prompt": "wet cedar"}`
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args   []string
		stdin  string
		target string
	}{
		"data":           {[]string{"-X", "POST", "--data", body}, "", "/api/v1/generate"},
		"a file":         {[]string{"--data", "@" + file}, "", "/api/v1/generate"},
		"standard input": {[]string{"-d", "@-"}, body, "/api/v1/generate"},
		"a query":        {[]string{"-d", body}, "", "/api?x=1"},
		"more covered":   {[]string{"-d", body, "-H", "Date: today", "--components", "@method,@target-uri,date"}, "", "/api"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := freshState(t)
			const host = "edge.example"
			out, err := runCommand(t, commandOf(setupSign), test.stdin, append(test.args, "https://"+host+test.target)...)
			if err != nil {
				t.Fatal(err)
			}
			m := httpsig.Message{Method: "POST", Scheme: "https", Authority: host, Target: test.target, Header: http.Header{"Date": {"today"}}}
			for line := range strings.Lines(out) {
				field, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
				if !ok || field == "Date" {
					t.Fatalf("it printed %q", line)
				}
				m.Header.Add(field, value)
			}
			verifier, err := httpsig.New(httpsig.Rules{Components: httpsig.DefaultComponents()}, keys, nonce.NewMemory(0, nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verifier.Verify(t.Context(), m, func() ([]byte, error) { return []byte(body), nil }); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestSignPrintsACommandThatAShellTakesApart(t *testing.T) {
	freshState(t)
	out, err := runCommand(t, commandOf(setupSign), "", "--curl", "-d", `{"prompt": "it's wet"}`, "https://edge.example/a?b=c&d=e")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"curl -X POST ", `--data-binary '{"prompt": "it'\''s wet"}' 'https://edge.example/a?b=c&d=e'`,
		"-H 'Content-Type: application/json'", "-H 'Signature: sig1=:", `"@query"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

func TestTheCurlCommandTrustsTheAuthorityOfThisMachine(t *testing.T) {
	freshState(t)
	root := rootCertificate(stateDir())
	if err := os.MkdirAll(filepath.Dir(root), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root, []byte("a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"https://localhost:8443/a": root, "https://[::1]:8443/a": root, "http://localhost:8080/a": "", "https://edge.example/a": "",
	} {
		out, err := runCommand(t, commandOf(setupSign), "", "--curl", target)
		if err != nil {
			t.Fatal(err)
		}
		if _, rest, found := strings.Cut(out, " --cacert "); found != (want != "") || !strings.HasPrefix(rest, want) {
			t.Errorf("%s: want the root %q in\n%s", target, want, out)
		}
	}
	out, err := runCommand(t, commandOf(setupSign), "", "--curl", "--cacert", "my root.pem", "https://edge.example/a")
	if err != nil || !strings.Contains(out, " --cacert 'my root.pem' ") {
		t.Errorf("error %v, and the root is not in\n%s", err, out)
	}
}

func TestCredentialCommandsRefuse(t *testing.T) {
	freshState(t)
	for name, test := range map[string]struct {
		setup func(*cobra.Command)
		args  []string
		want  string
	}{
		"no keyring":           {setupToken, []string{"--keyring", "/no/such/file"}, "make one with `odordiff keyring init`"},
		"no such key":          {setupToken, []string{"--key", "other"}, `has no key "other"`},
		"a key for signatures": {setupToken, []string{"--key", "dev-signature"}, "is for hmac-sha256"},
		"a key for tokens":     {setupSign, []string{"--key", "dev", "https://edge.example/"}, "is for HS256"},
		"no URL":               {setupSign, []string{"edge.example/a"}, "is not a URL"},
		"no such file":         {setupSign, []string{"-d", "@/no/such/file", "https://edge.example/"}, "--data: open /no/such/file"},
		"a bad field":          {setupSign, []string{"-H", "x", "https://edge.example/"}, "--header"},
		"a token of the past":  {setupToken, []string{"--ttl", "-5m"}, "--ttl: -5m0s: the token would never be good"},
		"a token of no time":   {setupToken, []string{"--ttl", "0"}, "--ttl: 0s: the token"},
		"a root without curl":  {setupSign, []string{"--cacert", "x", "https://edge.example/"}, "--cacert: only a curl command"},
		"a bad component":      {setupSign, []string{"--components", "@status", "https://edge.example/"}, `"@status" is not one of`},
		"stdin twice":          {setupSign, []string{"--curl", "-d", "@-", "https://edge.example/"}, "--curl: the standard input"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := runCommand(t, commandOf(test.setup), "", test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q; it printed %q", err, test.want, out)
			}
		})
	}
}
