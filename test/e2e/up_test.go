package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
)

func TestUpAnswersThePromptOfTheREADME(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	credential := filepath.Join(e.state, "development.jwt")
	info, err := os.Stat(credential)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the credential's mode is %v, want 0600", info.Mode().Perm())
	}
	token, err := os.ReadFile(credential)
	if err != nil {
		t.Fatal(err)
	}
	got := e.generate(t, strings.TrimSpace(string(token)), prompt)
	got.wantOK(t)
	wantMolecules(t, got, 5)
	if rung := got.Header.Get("Gate-Served-By"); rung != "live" {
		t.Errorf("Gate-Served-By = %q, want live", rung)
	}
}

// wantMolecules checks the answer's shape and that its figures are computed.
func wantMolecules(t *testing.T, got answer, n int) {
	t.Helper()
	var result struct {
		RequestID string `json:"request_id"`
		Engine    string `json:"engine"`
		Molecules []struct {
			SMILES     string             `json:"smiles"`
			Name       string             `json:"name"`
			Properties map[string]any     `json:"properties"`
			Scores     map[string]float64 `json:"scores"`
			Profile    struct {
				Descriptors []any `json:"descriptors"`
			} `json:"odor_profile"`
		} `json:"molecules"`
	}
	if err := json.Unmarshal(got.body, &result); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if result.Engine == "" || result.RequestID != got.Header.Get("X-Request-Id") || result.RequestID == "" {
		t.Errorf("engine %q, request_id %q, X-Request-Id %q", result.Engine, result.RequestID, got.Header.Get("X-Request-Id"))
	}
	if ids := got.Header.Values("X-Request-Id"); len(ids) != 1 {
		t.Errorf("X-Request-Id occurs %d times", len(ids))
	}
	if len(result.Molecules) != n {
		t.Fatalf("%d molecules, want %d", len(result.Molecules), n)
	}
	seen := map[string]bool{}
	for _, m := range result.Molecules {
		if m.SMILES == "" || seen[m.SMILES] || m.Properties["formula"] == nil || m.Properties["molecular_weight"] == nil ||
			len(m.Scores) == 0 || len(m.Profile.Descriptors) == 0 {
			t.Errorf("an incomplete or repeated molecule: %+v", m)
		}
		seen[m.SMILES] = true
	}
}

func TestUpPrintsACurlLineThatWorks(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is not installed: `make test` installs it")
	}
	e := startUp(t)
	eventually.True(t, "the greeting is printed", func() bool { return strings.Contains(e.out.String(), "Ctrl-C") })
	line := regexp.MustCompile(`(?s)curl .*?/generate`).FindString(e.out.String())
	if line == "" {
		t.Fatalf("no curl line in %s", e.out)
	}
	shell := exec.Command("sh", "-c", strings.Replace(line, "curl", curl+" --silent --show-error --fail", 1))
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"smiles"`) {
		t.Fatalf("%v\n%s\n%s", err, line, out)
	}
	if strings.Count(e.out.String(), "Ctrl-C") != 1 {
		t.Error("the greeting is not printed once")
	}
}

func TestUpTakesDirectoriesWithSpaces(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.state = filepath.Join(t.TempDir(), "my state")
	e.process = start(t, e.env, "up", "--state", e.state, "--backend", e.upstream, "--admin", e.admin,
		"--https-port", port(e.url), "--http-port", port(e.httpURL))
	e.waitUntilAlive(t)
}

func TestUpKeepsItsCredentialOverARestart(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	token, err := os.ReadFile(filepath.Join(e.state, "development.jwt"))
	if err != nil {
		t.Fatal(err)
	}
	e.stop(t)
	e.process = start(t, e.env, "up", "--state", e.state, "--backend", e.upstream, "--admin", e.admin,
		"--https-port", port(e.url), "--http-port", port(e.httpURL))
	e.waitUntilAlive(t)
	e.generate(t, strings.TrimSpace(string(token)), prompt).wantOK(t)
}

// startUpInState runs `odordiff up` with the policies of its state directory.
func (e *edge) startUpInState(t *testing.T) {
	t.Helper()
	e.process = start(t, e.env, "up", "--state", e.state, "--backend", e.upstream, "--admin", e.admin,
		"--https-port", port(e.url), "--http-port", port(e.httpURL))
	e.waitUntilAlive(t)
}

func TestUpRenewsPoliciesThatAnOlderVersionUnpacked(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.startUpInState(t)
	e.stop(t)
	// An older version's rule: it had a file that this one lacks, and another
	// volume.rego.
	policies := filepath.Join(e.state, "policies")
	old := []byte("package gate.rules.old\n\nderelict := input.no_such_field\n")
	digest := sha256.Sum256(old)
	record := filepath.Join(policies, ".shipped.json")
	content, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("\"files\": {\n    \"rules/old.rego\": %q,", hex.EncodeToString(digest[:]))
	e.save(t, record, strings.Replace(string(content), `"files": {`, line, 1))
	e.save(t, filepath.Join(policies, "rules", "old.rego"), string(old))

	e.startUpInState(t)
	if _, err := os.Stat(filepath.Join(policies, "rules", "old.rego")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if !strings.Contains(e.out.String(), "removed 1 that this version does not ship") {
		t.Error("nothing is said about it")
	}
}

func TestUpStartsWithTheLastGoodPolicyAndSaysSo(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.startUpInState(t)
	e.stop(t)
	e.save(t, filepath.Join(e.state, "policies", "decision.rego"), "package gate\n\ndecision := {")
	e.startUpInState(t)
	token, err := os.ReadFile(filepath.Join(e.state, "development.jwt"))
	if err != nil {
		t.Fatal(err)
	}
	e.generate(t, strings.TrimSpace(string(token)), `{"prompt": "sarin"}`).wantProblem(t, http.StatusForbidden, "policy-denied")
	for _, want := range []string{"decision.rego is not as shipped", "starts with the last good policy", "decision.rego:3"} {
		if !strings.Contains(e.out.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func TestUpStopsCleanlyWhenInterrupted(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	e.stop(t)
	if code := e.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, err := net.DialTimeout("tcp", e.upstream, time.Second); err == nil {
		t.Error("the backend still listens")
	}
}

func TestUpNamesATakenPortInOneLine(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--https-port", "--http-port", "--probe-port", "--backend", "--admin"} {
		t.Run(flag, func(t *testing.T) {
			e := layout(t)
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			value := taken.Addr().String()
			if strings.HasSuffix(flag, "-port") {
				value = port(value)
			}
			args := []string{"up", "--state", e.state, "--backend", e.upstream, "--admin", e.admin,
				"--https-port", port(e.url), "--http-port", port(e.httpURL), flag, value}
			_, stderr, code := run(t, e.env, args...)
			if code == 0 || strings.Count(strings.TrimSpace(stderr), "\n") != 0 ||
				!strings.Contains(stderr, flag) || !strings.Contains(stderr, taken.Addr().String()+" is taken") {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
		})
	}
}

func TestUpNamesAllTakenPortsAtOnce(t *testing.T) {
	t.Parallel()
	e := layout(t)
	addresses := map[string]string{
		"--https-port": "127.0.0.1:" + port(e.url), "--http-port": "127.0.0.1:" + port(e.httpURL), "--probe-port": "127.0.0.1:" + port(e.probes),
		"--admin": e.admin, "--backend": e.upstream,
	}
	args := []string{"up", "--state", e.state}
	for flag, address := range addresses {
		taken, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		value := address
		if strings.HasSuffix(flag, "-port") {
			value = port(address)
		}
		args = append(args, flag, value)
	}
	_, stderr, code := run(t, e.env, args...)
	for flag, address := range addresses {
		if code == 0 || !strings.Contains(stderr, flag+": "+address+" is taken") {
			t.Errorf("exit code %d, no word of %s in %q", code, flag, stderr)
		}
	}
}

func TestUpGreetsWithoutAWarning(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	eventually.True(t, "the greeting is printed", func() bool { return strings.Contains(e.out.String(), "Ctrl-C") })
	if printed := e.out.String(); strings.Contains(printed, `"level":"warn"`) || strings.Contains(printed, "WARN") {
		t.Error(printed)
	}
}

func TestUpLogsWhatTheBackendDoesWithTheRequestsID(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.process = start(t, append(e.env, "ODORDIFF_LOG_LEVEL=INFO"), "up", "--state", e.state, "--policies", e.policies,
		"--backend", e.upstream, "--admin", e.admin, "--https-port", port(e.url), "--http-port", port(e.httpURL))
	e.waitUntilAlive(t)
	token, err := os.ReadFile(filepath.Join(e.state, "development.jwt"))
	if err != nil {
		t.Fatal(err)
	}
	got := e.generate(t, strings.TrimSpace(string(token)), prompt)
	got.wantOK(t)
	var line string
	eventually.True(t, "the backend's line is logged", func() bool {
		for line = range strings.Lines(e.out.String()) {
			if strings.Contains(line, `"logger":"inference"`) && strings.Contains(line, got.Header.Get("X-Request-Id")) {
				return true
			}
		}
		return false
	})
	if !strings.Contains(line, `"status":200`) || strings.Contains(line, "cedar") {
		t.Error(line)
	}
}

func TestUpRefusesPortsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"none":           {"--https-port", "0"},
		"the same twice": {"--https-port", "18443", "--http-port", "18443"},
	} {
		t.Run(name, func(t *testing.T) {
			e := layout(t)
			_, stderr, code := run(t, e.env, append([]string{"up", "--state", e.state}, args...)...)
			if code == 0 || !strings.Contains(stderr, "want different ports") {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
		})
	}
}

func TestAnUnknownSubcommandIsAnError(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"policy", "keyring"} {
		_, stderr, code := run(t, nil, command, "chekc")
		if code == 0 || !strings.Contains(stderr, `unknown command "chekc"`) {
			t.Errorf("%s: exit code %d, stderr %q", command, code, stderr)
		}
		if _, stderr, code := run(t, nil, command); code != 0 {
			t.Errorf("%s alone: exit code %d, stderr %q", command, code, stderr)
		}
	}
}

func TestHTTPRedirectsToTheEdge(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	resp, err := e.client.Get(e.httpURL + "/health/live?x=1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != e.url+"/health/live?x=1" {
		t.Errorf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestDoctorFindsNothingWrongWithUp(t *testing.T) {
	t.Parallel()
	e := startUp(t)
	stdout, stderr, code := run(t, e.env, "doctor", "--url", e.url)
	if code != 0 || strings.Contains(stdout, "✗") || strings.Contains(stdout, "skipped") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestDoctorFindsTheDeadBackendAtOnce(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	backend := e.startBackend(t)
	examine := func() (stdout string, code int) {
		stdout, stderr, code := run(t, e.env, "doctor", "--url", e.url)
		return stdout + stderr, code
	}
	// Its own requests are answered and kept, for what may come.
	if printed, code := examine(); code != 0 || !strings.Contains(printed, "rung live") {
		t.Fatalf("exit code %d\n%s", code, printed)
	}
	backend.kill()
	printed, code := examine()
	if code == 0 || !strings.Contains(printed, "✗ a prompt is answered with molecules") {
		t.Errorf("exit code %d\n%s", code, printed)
	}
	eventually.True(t, "the gateway's own check notices too", func() bool {
		printed, code := examine()
		return code != 0 && strings.Contains(printed, "upstream is failed")
	})
}

func TestDoctorFindsTheDeadRedisAtOnce(t *testing.T) {
	t.Parallel()
	e := layout(t)
	redis := startRedis(t)
	e.env = append(e.env, "ODORDIFF_REDIS="+redis.URL())
	e.startBackend(t)
	e.startWith(t)
	redis.Kill()
	stdout, stderr, code := run(t, e.env, "doctor", "--url", e.url)
	if code == 0 || !strings.Contains(stdout, "✗ a signed request is answered: answered 503") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	// Tokens need no nonce.
	if !strings.Contains(stdout, "✓ a prompt is answered with molecules") {
		t.Error(stdout)
	}
}

func TestDoctorAsksSeveralWhetherOneIsAlive(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.startBackend(t)
	dead := "http://127.0.0.1:1"
	for name, test := range map[string]struct {
		urls []string
		code int
	}{
		"one is":  {[]string{dead, "http://" + e.upstream}, 0},
		"none is": {[]string{dead}, 1},
	} {
		args := []string{"doctor", "--live", "--quiet"}
		for _, url := range test.urls {
			args = append(args, "--url", url)
		}
		if stdout, stderr, code := run(t, e.env, args...); code != test.code {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

func TestDoctorSaysWhatIsDown(t *testing.T) {
	t.Parallel()
	e := layout(t)
	stdout, _, code := run(t, e.env, "doctor", "--url", e.url)
	if code != 1 || !strings.Contains(stdout, "✗ the gateway is alive") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}
