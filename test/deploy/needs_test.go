package deploy

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a pretended one: a directory of commands that note how they were
// called.
type machine struct {
	bin, log, policy string
}

// newMachine returns a machine that has bash's company and the given commands.
// A command's script may be empty.
func newMachine(t *testing.T, commands map[string]string) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{bin: filepath.Join(dir, "bin"), log: filepath.Join(dir, "log"), policy: filepath.Join(dir, "policy-rc.d")}
	if err := os.Mkdir(m.bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, real := range []string{"bash", "env", "tee", "chmod", "rm", "true"} {
		path, err := exec.LookPath(real)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, real)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range commands {
		content := "#!/bin/bash\necho \"" + name + " $*\" >>'" + m.log + "'\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(m.bin, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// install runs .ci/needs on the machine and returns what was called, what was
// said, and whether it succeeded.
func (m machine) install(t *testing.T) (calls, output string, ok bool) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(repository, ".ci/needs"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(m.bin, "bash"), script)
	cmd.Env = []string{"PATH=" + m.bin, "POLICY_RC_D=" + m.policy}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	log, readErr := os.ReadFile(m.log)
	if readErr != nil && !errors.Is(readErr, os.ErrNotExist) {
		t.Fatal(readErr)
	}
	return string(log), out.String(), err == nil
}

const (
	root   = "echo 0"
	user   = "echo 1000"
	asRoot = `while [[ $1 == -* ]]; do shift; done; exec "$@"`
)

func TestNeedsDoesNothingWhereNothingIsMissing(t *testing.T) {
	m := newMachine(t, map[string]string{"redis-server": "", "gcc": "", "curl": "", "apt-get": "", "id": root})
	if calls, output, ok := m.install(t); !ok || calls != "" || output != "" {
		t.Errorf("ok = %t, calls %q, output %q", ok, calls, output)
	}
}

func TestNeedsInstallsWhatIsMissingAndStartsNoService(t *testing.T) {
	noticePolicy := `[[ $1 == install ]] && { [[ -x $POLICY_RC_D ]] && ! "$POLICY_RC_D" || exit 9; }; exit 0`
	for name, commands := range map[string]map[string]string{
		"as root":   {"id": root},
		"with sudo": {"id": user, "sudo": asRoot},
	} {
		t.Run(name, func(t *testing.T) {
			commands["apt-get"], commands["systemctl"] = noticePolicy, ""
			m := newMachine(t, commands)
			calls, output, ok := m.install(t)
			if !ok {
				t.Fatalf("failed: %s\n%s", output, calls)
			}
			for _, want := range []string{"apt-get update", "redis-server gcc libc6-dev curl\n", "systemctl disable redis-server"} {
				if !strings.Contains(calls, want) {
					t.Errorf("calls lack %q:\n%s", want, calls)
				}
			}
			if _, err := os.Stat(m.policy); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the ban on services was left behind: %v", err)
			}
		})
	}
}

func TestNeedsKeepsAPolicyThatIsThereAlready(t *testing.T) {
	m := newMachine(t, map[string]string{"id": root, "apt-get": "", "gcc": ""})
	if err := os.WriteFile(m.policy, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, output, ok := m.install(t); !ok {
		t.Fatal(output)
	}
	if got, err := os.ReadFile(m.policy); err != nil || string(got) != "mine" {
		t.Errorf("the policy is %q, %v", got, err)
	}
}

func TestNeedsNamesThePackagesWhereItCannotInstall(t *testing.T) {
	for name, tc := range map[string]struct {
		commands map[string]string
		want     string
	}{
		"no apt-get":    {map[string]string{"id": root}, "no apt-get"},
		"no sudo":       {map[string]string{"id": user, "apt-get": ""}, "no sudo"},
		"sudo refuses":  {map[string]string{"id": user, "apt-get": "", "sudo": "exit 1"}, "sudo refuses"},
		"apt-get fails": {map[string]string{"id": root, "apt-get": "exit 100"}, "installing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, output, ok := newMachine(t, tc.commands).install(t)
			if ok || !strings.Contains(output, tc.want) || !strings.Contains(output, "redis-server gcc libc6-dev curl") {
				t.Errorf("ok = %t, output %q", ok, output)
			}
		})
	}
}
