package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	unitDirectory = "deploy/systemd"
	// exposure is what `systemd-analyze security` may say at most, in tenths.
	exposure = "20"
)

// analyze runs systemd-analyze over the units, in a directory of their own. The
// binary that they start is replaced by one that exists. Instances of a
// template have its content.
func analyze(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("NOT CHECKED: this machine has no systemd-analyze")
	}
	dir := t.TempDir()
	for name, text := range units(t) {
		text = strings.ReplaceAll(text, "/usr/local/bin/odordiff", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, strings.Replace(name, "@.", "@a.", 1)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.service"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no services: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), tool, append(args, files...)...)
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, &out)
	}
	return out.String()
}

// units returns the services and sockets, by their names.
func units(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.service", "*.socket"} {
		paths, err := filepath.Glob(filepath.Join(repository, unitDirectory, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			found[filepath.Base(path)] = string(read(t, filepath.Join(unitDirectory, filepath.Base(path))))
		}
	}
	return found
}

func TestSystemdUnderstandsEveryUnit(t *testing.T) {
	if complaints := analyze(t, "verify", "--man=no"); complaints != "" {
		t.Errorf("it complains:\n%s", complaints)
	}
}

func TestNoUnitIsMoreExposedThanItMayBe(t *testing.T) {
	report := analyze(t, "security", "--offline=yes", "--no-pager", "--threshold="+exposure)
	if got := strings.Count(report, "Overall exposure level"); got != 3 {
		t.Errorf("%d services were judged, want 3", got)
	}
}

func TestEveryServiceIsStartedWithAHardenedProcessThatReports(t *testing.T) {
	for name, text := range units(t) {
		if !strings.HasSuffix(name, ".service") {
			continue
		}
		for _, want := range []string{
			"Type=notify", "User=odordiff", "NoNewPrivileges=yes", "ProtectSystem=strict", "SystemCallFilter=@system-service",
			"StateDirectory=odordiff", "Restart=on-failure",
		} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

// upgrader is a machine on which deploy/systemd/upgrade runs.
func upgrader(t *testing.T, systemctl, runuser string) (m machine, bin string) {
	t.Helper()
	m = newMachine(t, map[string]string{"systemctl": systemctl, "runuser": runuser})
	for _, tool := range []string{"install", "ln", "mv", "cat"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	bin = t.TempDir()
	for _, name := range []string{"odordiff", "newer"} {
		script := "#!/bin/bash\necho the " + name + "\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return m, bin
}

// upgrade runs the script and returns the version that is installed then.
func (m machine) upgrade(t *testing.T, bin string) (calls, version string, err error) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join(repository, unitDirectory, "upgrade"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(m.bin, "bash"), script, filepath.Join(bin, "newer"))
	cmd.Env = []string{"PATH=" + m.bin, "BIN=" + bin, "ETC=" + bin}
	out, failed := cmd.CombinedOutput()
	t.Logf("it printed:\n%s", out)
	installed, err := os.ReadFile(filepath.Join(bin, "odordiff"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(m.log)
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ = strings.Cut(strings.TrimSpace(string(installed)), "echo the ")
	return string(log), version, failed
}

func TestAnUpgradeStopsTheOldGatewayAfterTheNewOneIsReady(t *testing.T) {
	for name, tc := range map[string]struct{ active, next, runs string }{
		"from a": {"1", "b", "a"}, // The exit status of `is-active` for b.
		"from b": {"0", "a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			m, bin := upgrader(t, `[[ "$*" != *is-active* ]] || exit `+tc.active, "")
			calls, version, err := m.upgrade(t, bin)
			if err != nil || version != "newer" {
				t.Fatalf("installed is %q, %v", version, err)
			}
			last := 0
			for _, want := range []string{
				"runuser -u odordiff -- " + bin + "/odordiff.new validate", "runuser -u odordiff -- " + bin + "/odordiff.new policy check",
				"systemctl start odordiff-gateway@" + tc.next, "systemctl enable --quiet odordiff-gateway@" + tc.next,
				"systemctl stop odordiff-gateway@" + tc.runs, "systemctl restart odordiff-backend",
			} {
				at := strings.Index(calls, want)
				if at < last {
					t.Errorf("%q does not come in its turn:\n%s", want, calls)
				}
				last = at
			}
		})
	}
}

func TestAnUpgradeThatFailsLeavesTheOldGatewayAlone(t *testing.T) {
	const nothingRunsAsB = `[[ "$*" != *is-active* ]] || exit 1; `
	for name, tc := range map[string]struct{ systemctl, runuser string }{
		"the configuration is refused": {nothingRunsAsB, "exit 1"},
		"the new one does not start":   {nothingRunsAsB + `[[ "$1" != start ]] || exit 1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, bin := upgrader(t, tc.systemctl, tc.runuser)
			calls, version, err := m.upgrade(t, bin)
			if err == nil || version != "odordiff" {
				t.Errorf("installed is %q, %v", version, err)
			}
			if strings.Contains(calls, "systemctl stop") || strings.Contains(calls, "systemctl disable") {
				t.Errorf("it touches the old gateway:\n%s", calls)
			}
			if _, err := os.Stat(filepath.Join(bin, "odordiff.new")); err == nil {
				t.Error("the refused binary is left behind")
			}
		})
	}
}
