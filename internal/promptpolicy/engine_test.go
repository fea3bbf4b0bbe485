package promptpolicy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// opened returns an engine that looks at once, and the outcomes of its
// candidates.
func opened(t *testing.T, dir string, adjust ...func(*Options)) (*Engine, <-chan Candidate) {
	t.Helper()
	outcomes := make(chan Candidate, 100)
	opts := Options{
		Dir:        dir,
		Conditions: Conditions{Timeout: ample},
		Debounce:   20 * time.Millisecond,
		Poll:       time.Hour, // these tests see only what the system announced
		Report:     func(c Candidate) { outcomes <- c },
	}
	for _, f := range adjust {
		f(&opts)
	}
	e, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, outcomes
}

func next(t *testing.T, outcomes <-chan Candidate) Candidate {
	t.Helper()
	select {
	case c := <-outcomes:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no candidate was judged within 10 s")
		return Candidate{}
	}
}

// await returns the first candidate whose error contains want, or that has no
// error if want is empty. It skips those before, which may be of a half-written
// edit.
func await(t *testing.T, outcomes <-chan Candidate, want string) Candidate {
	t.Helper()
	for {
		c := next(t, outcomes)
		if want == "" && c.Err == nil || want != "" && c.Err != nil && strings.Contains(c.Err.Error(), want) {
			return c
		}
		t.Logf("passed over: %v", c.Err)
	}
}

func allows(t *testing.T, e *Engine) bool {
	t.Helper()
	d, err := e.Current().Decide(t.Context(), &Input{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Allow
}

func TestOpenRefusesABrokenDirectory(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": "package gate\n\ndecision := {"})
	_, err := Open(t.Context(), Options{Dir: dir})
	wantError(t, err, "gate.rego:3: rego_parse_error")
}

func TestEditGoesLiveWithinTwoSeconds(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	// the default
	e, outcomes := opened(t, dir, func(o *Options) { o.Debounce = 0 })
	before := e.Status()
	saved := time.Now()
	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "")
	if took := time.Since(saved); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	after := e.Status()
	if allows(t, e) || after.Revision == before.Revision || !after.LoadedAt.After(before.LoadedAt) || after.Candidate != after.Revision {
		t.Errorf("status = %+v", after)
	}
}

func TestBrokenEditLeavesTheLastGoodPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
		fixed map[string]string
	}{
		"a typo": {
			map[string]string{"gate.rego": strings.Replace(denying, ":=", ":-", 1)},
			"gate.rego:3: rego_parse_error",
			map[string]string{"gate.rego": denying},
		},
		"a failing test": {
			map[string]string{"gate.rego": denying, "gate_test.rego": "package gate_test\n\ntest_allows if data.gate.decision.allow"},
			"gate_test.rego:3: test data.gate_test.test_allows fails",
			map[string]string{"gate_test.rego": ""},
		},
		"a broken schema": {
			map[string]string{"gate.rego": denying, "schemas/x.json": "{"},
			"schemas/x.json:1:",
			map[string]string{"schemas/x.json": "{}"},
		},
		"broken data in a new directory": {
			map[string]string{"gate.rego": denying, "a/b/data.json": "{"},
			"a/b/data.json:1:",
			map[string]string{"a/b/data.json": "{}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
			e, outcomes := opened(t, dir)
			before := e.Status()
			write(t, dir, tc.files)
			c := await(t, outcomes, tc.want)
			status := e.Status()
			if !allows(t, e) || status.Revision != before.Revision || status.RefusedAt.IsZero() || status.Candidate != c.Hash {
				t.Errorf("status = %+v", status)
			}
			wantError(t, status.Faults, tc.want)

			write(t, dir, tc.fixed)
			await(t, outcomes, "")
			if status := e.Status(); allows(t, e) || len(status.Faults) > 0 || !status.RefusedAt.IsZero() {
				t.Errorf("fixed, but status = %+v", status)
			}
		})
	}
}

func TestEditTakenBackIsInForceAgain(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir)
	before := e.Status()
	write(t, dir, map[string]string{"gate.rego": "package"})
	await(t, outcomes, "gate.rego:1")
	write(t, dir, map[string]string{"gate.rego": allowing})
	await(t, outcomes, "")
	if got := e.Status(); got.Revision != before.Revision || got.LoadedAt != before.LoadedAt || len(got.Faults) > 0 {
		t.Errorf("status = %+v, want %+v", got, before)
	}
}

func TestDirectoryThatDisappearsLeavesTheLastGoodPolicy(t *testing.T) {
	dir := write(t, filepath.Join(t.TempDir(), "policies"), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	await(t, outcomes, "no such file")
	if !allows(t, e) || len(e.Status().Faults) == 0 {
		t.Errorf("status = %+v", e.Status())
	}
	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "")
	if allows(t, e) {
		t.Error("the directory is back, but not in force")
	}
}

func TestReplacedFileGoesLive(t *testing.T) {
	// As editors save: a new file beside, renamed over the old one.
	dir := write(t, t.TempDir(), map[string]string{"parts/gate.rego": allowing})
	e, outcomes := opened(t, dir)
	write(t, dir, map[string]string{"parts/.gate.rego.swp": denying})
	if err := os.Rename(filepath.Join(dir, "parts/.gate.rego.swp"), filepath.Join(dir, "parts/gate.rego")); err != nil {
		t.Fatal(err)
	}
	if await(t, outcomes, ""); allows(t, e) {
		t.Error("the other version is not in force")
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	temporary := name + ".new"
	if err := os.Symlink(target, temporary); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, name); err != nil {
		t.Fatal(err)
	}
}

func TestMountOfKubernetesIsSwapped(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "..2026_01"), map[string]string{"gate.rego": allowing})
	link(t, "..2026_01", filepath.Join(dir, "..data"))
	link(t, "..data/gate.rego", filepath.Join(dir, "gate.rego"))
	e, outcomes := opened(t, dir)
	for i, version := range []string{"..2026_02", "..2026_03"} {
		content := []string{denying, allowing}[i]
		write(t, filepath.Join(dir, version), map[string]string{"gate.rego": content})
		link(t, version, filepath.Join(dir, "..data"))
		await(t, outcomes, "")
		if allows(t, e) != (content == allowing) {
			t.Errorf("%s is not in force", version)
		}
	}
}

func TestLinkToTheDirectoryIsSwapped(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"v1/gate.rego": allowing, "v2/gate.rego": denying})
	current := filepath.Join(root, "current")
	link(t, "v1", current)
	e, outcomes := opened(t, current)
	link(t, "v2", current)
	if await(t, outcomes, ""); allows(t, e) {
		t.Error("the other version is not in force")
	}
	write(t, root, map[string]string{"v2/gate.rego": allowing})
	if await(t, outcomes, ""); !allows(t, e) {
		t.Error("an edit behind the link is not in force")
	}
}

func TestUnannouncedEditIsFoundByPolling(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir, func(o *Options) {
		o.Poll = 20 * time.Millisecond
		o.Debounce = time.Hour // what the system announces comes too late
	})
	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "")
	if allows(t, e) {
		t.Error("the edit is not in force")
	}
}

func TestUnchangedDirectoryIsNotJudgedAgain(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir)
	write(t, dir, map[string]string{"README.md": "not a part", "gate.rego": allowing})
	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "")
	if allows(t, e) {
		t.Error("the first candidate was not the edit")
	}
}

func TestRequiredSchemaCannotBeDropped(t *testing.T) {
	const name = "schemas/generate.json"
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing, name: `{"type": "object"}`})
	e, outcomes := opened(t, dir)
	_, err := e.Require(Conditions{Timeout: ample}, "schemas/other.json")
	wantError(t, err, "schemas/other.json")
	release, err := e.Require(Conditions{Timeout: ample}, name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{name: ""})
	await(t, outcomes, name+": a route needs this schema")
	if _, ok := e.Current().Schema(name); !ok {
		t.Error("the schema is gone")
	}
	release()
	release() // once is enough
	write(t, dir, map[string]string{"gate.rego": denying})
	await(t, outcomes, "") // no route needs it any more
}

func TestANewVersionIsTriedWithTheShortestTimeoutThatIsRequired(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir)
	var releases []func()
	for _, timeout := range []time.Duration{time.Minute, 25 * time.Millisecond, time.Second} {
		release, err := e.Require(Conditions{Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	write(t, dir, map[string]string{"gate.rego": heavy})
	await(t, outcomes, "more than 25ms")
	if !allows(t, e) {
		t.Error("a version that takes too long is in force")
	}
	for _, release := range releases {
		release()
	}
	if got := e.strictest().Timeout; got != ample {
		t.Errorf("with nothing required a trial may take %s, want the engine's %s", got, ample)
	}
}

func TestRequestsAreDecidedWhilePoliciesChange(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{"gate.rego": allowing})
	e, outcomes := opened(t, dir)
	stop, decided := make(chan struct{}), make(chan error)
	const callers = 4
	for range callers {
		go func() {
			for {
				select {
				case <-stop:
					decided <- nil
					return
				default:
				}
				if _, err := e.Current().Decide(t.Context(), &Input{}); err != nil {
					decided <- err
					return
				}
			}
		}()
	}
	for _, content := range []string{denying, "package", allowing, denying} {
		write(t, dir, map[string]string{"gate.rego": content})
		want := ""
		if content == "package" {
			want = "gate.rego:1"
		}
		await(t, outcomes, want)
		e.Status()
	}
	close(stop)
	for range callers {
		if err := <-decided; err != nil {
			t.Error(err)
		}
	}
}
