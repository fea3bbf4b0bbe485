package keyring_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/keyring"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is a distinct well-formed secret for each n.
func secret(n byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune('A'+n)), 32)))
}

func TestParseTakesEveryField(t *testing.T) {
	keys, err := keyring.Parse([]byte(`{"keys": [
		{"id": "a", "algorithm": "HS256", "secret": "` + secret(0) + `"},
		{"id": "b", "algorithm": "hmac-sha256", "secret": "` + secret(1) + `", "principal": "p", "tenant": "t",
		 "scopes": ["generate", "read:all"], "not_before": "2026-01-02T03:04:05Z", "not_after": "2027-01-01T00:00:00Z"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := keyring.Keys{
		{ID: "a", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("A", 32))},
		{
			ID: "b", Algorithm: keyring.HMACSHA256, Secret: keyring.Secret(strings.Repeat("B", 32)), Principal: "p", Tenant: "t",
			Scopes:    []string{"generate", "read:all"},
			NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		},
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefusesAndNamesTheField(t *testing.T) {
	key := func(fields string) string {
		return `{"keys": [{"id": "a", "algorithm": "HS256", "secret": "` + secret(0) + `"` + fields + `}]}`
	}
	two := func(first, second string) string {
		return `{"keys": [{"algorithm": "HS256", ` + first + `}, {"algorithm": "HS256", ` + second + `}]}`
	}
	for name, test := range map[string]struct{ content, want string }{
		"nothing":                {``, "not strict JSON: it ends too early, at byte 0"},
		"broken JSON":            {`{"keys": [`, "not strict JSON: it ends too early, at byte 10"},
		"something after":        {`{"keys": []} x`, "not strict JSON: bad syntax or UTF-8 at byte 13"},
		"no keys":                {`{}`, "keys: missing"},
		"null keys":              {`{"keys": null}`, "keys: missing"},
		"an unknown field above": {`{"keys": [], "kys": 1}`, "kys: unknown field"},
		"an unknown field":       {key(`, "scope": "x"`), "keys[0].scope: unknown field"},
		"a field in other case":  {key(`, "Principal": "x"`), "keys[0].Principal: unknown field"},
		"a field twice":          {key(`, "id": "b"`), "keys[0].id: a name occurs twice"},
		"a wrong type":           {key(`, "tenant": 5`), "keys[0].tenant: a value of the wrong type"},
		"a bad time":             {key(`, "not_after": "tomorrow"`), "keys[0].not_after: a value of the wrong type or form"},
		"a backward time":        {key(`, "not_before": "2027-01-01T00:00:00Z", "not_after": "2026-01-01T00:00:00Z"`), "keys[0].not_after: is not after"},
		"a control character":    {key(`, "principal": "a\r\nGate-Tenant: b"`), "keys[0].principal: has a character that is not printable"},
		"a space around":         {key(`, "tenant": " a"`), "keys[0].tenant: begins or ends with a space"},
		"a long name":            {key(`, "tenant": "` + strings.Repeat("x", 257) + `"`), "keys[0].tenant: 257 bytes"},
		"an empty scope":         {key(`, "scopes": ["a", ""]`), "keys[0].scopes[1]: a scope"},
		"two scopes in one":      {key(`, "scopes": ["a b"]`), "keys[0].scopes[0]: a scope"},
		"no id":                  {`{"keys": [{"algorithm": "HS256", "secret": "` + secret(0) + `"}]}`, "keys[0].id: missing"},
		"no algorithm":           {`{"keys": [{"id": "a", "secret": "` + secret(0) + `"}]}`, "keys[0].algorithm: missing"},
		"algorithm none":         {`{"keys": [{"id": "a", "algorithm": "none", "secret": "` + secret(0) + `"}]}`, "keys[0].algorithm: unknown"},
		"no principal":           {`{"keys": [{"id": "a", "algorithm": "hmac-sha256", "secret": "` + secret(0) + `"}]}`, "keys[0].principal: missing"},
		"no secret":              {`{"keys": [{"id": "a", "algorithm": "HS256"}]}`, "keys[0].secret: 0 bytes"},
		"a short secret":         {`{"keys": [{"id": "a", "algorithm": "HS256", "secret": "` + secret(0)[:40] + `"}]}`, "keys[0].secret: 30 bytes, want 32"},
		"a long secret":          {`{"keys": [{"id": "a", "algorithm": "HS256", "secret": "` + strings.Repeat(secret(0)[:40], 40) + `"}]}`, "keys[0].secret: 1200 bytes"},
		"a secret not in base64": {`{"keys": [{"id": "a", "algorithm": "HS256", "secret": "a-passphrase-that-somebody-typed-by-hand"}]}`, "keys[0].secret: not base64"},
		"an id twice":            {two(`"id": "a", "secret": "`+secret(0)+`"`, `"id": "a", "secret": "`+secret(1)+`"`), "keys[1].id: the same as keys[0].id"},
		"a secret twice":         {two(`"id": "a", "secret": "`+secret(0)+`"`, `"id": "b", "secret": "`+secret(0)+`"`), "keys[1].secret: the same as keys[0].secret"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := keyring.Parse([]byte(test.content))
			if err == nil {
				t.Fatalf("accepted: %v", keys)
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error is %q, want it to begin with %q", err, test.want)
			}
		})
	}
}

func TestErrorsAndFormattingNeverShowASecret(t *testing.T) {
	const marker = "c2VjcmV0LXRoYXQtbXVzdC1ub3Qtc2hvdw=="
	for _, content := range []string{
		`{"keys": "` + marker + `"}`,
		`{"keys": [{"id": "a", "secret": ["` + marker + `"]}]}`,
		`{"keys": [{"id": "a", "not_after": "` + marker + `"}]}`,
		`{"keys": [{"id": "a", "algorithm": "` + marker + `", "secret": "` + secret(0) + `"}]}`,
		`{"keys": [{"id": "a", "secret": "` + marker + `"}]}`,
		`{"keys": [{"id": "a", "secret": "` + marker + `}]}`,
	} {
		if _, err := keyring.Parse([]byte(content)); err == nil || strings.Contains(err.Error(), marker) {
			t.Errorf("error of %s is %v", content, err)
		}
	}
	key := keyring.Key{ID: "a", Secret: keyring.Secret(marker)}
	asJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s %x %q %d", key, key, key, key.Secret, key.Secret, key.Secret, key.Secret), string(asJSON)} {
		if strings.Contains(shown, marker) || strings.Contains(shown, fmt.Sprintf("%x", marker)) || !strings.Contains(shown, "[secret]") {
			t.Errorf("a key prints as %s", shown)
		}
	}
}

func TestOpenJudgesTheMode(t *testing.T) {
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o440: true, 0o640: true, 0o644: false, 0o604: false, 0o660: false, 0o601: false,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keyring.json")
			if err := keyring.Generate().Write(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			keys, err := keyring.Open(path)
			if err == nil {
				_ = keys.Close()
			}
			if good != (err == nil) {
				t.Fatalf("error is %v", err)
			}
			if !good && !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("error %q does not say what to do", err)
			}
		})
	}
}

func TestRotationWithoutReload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keyring.json")
	if err := (keyring.Keys{hs256("old", 0)}).Write(path); err != nil {
		t.Fatal(err)
	}
	reports := make(chan error, 8)
	keys, err := keyring.Open(path, keyring.WithReport(func(err error) { reports <- err }), keyring.WithPoll(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = keys.Close() }()
	replace := func(content string) error {
		t.Helper()
		next := filepath.Join(dir, "next")
		if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-reports:
			return err
		case <-time.After(10 * time.Second):
			t.Fatal("the change was not noticed")
			return nil
		}
	}

	before := keys.Revision()
	if err := replace(`{"keys": [{"id": "new", "algorithm": "HS256", "secret": "` + secret(1) + `"}]}`); err != nil {
		t.Fatal(err)
	}
	if _, ok := keys.Lookup("old"); ok {
		t.Error("the old key is still there")
	}
	if _, ok := keys.Lookup("new"); !ok {
		t.Error("the new key is not there")
	}
	if keys.Revision() == before {
		t.Error("the revision is the same")
	}

	if err := replace(`{"keys": [{"id": "broken"}]}`); err == nil {
		t.Fatal("a broken file was reported as good")
	}
	if _, ok := keys.Lookup("new"); !ok {
		t.Error("a broken file took the last good keys away")
	}
	if err := keys.LastError(); err == nil || !strings.Contains(err.Error(), "keys[0].") {
		t.Errorf("last error is %v, want the field", err)
	}
}

func hs256(id string, n byte) keyring.Key {
	return keyring.Key{ID: id, Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat(string(rune('A'+n)), 32))}
}

func TestGoodIsHalfOpen(t *testing.T) {
	begin, end := time.Unix(100, 0), time.Unix(200, 0)
	key := keyring.Key{NotBefore: begin, NotAfter: end}
	for at, want := range map[time.Time]bool{
		begin.Add(-1): false, begin: true, end.Add(-1): true, end: false,
	} {
		if key.Valid(at) != want {
			t.Errorf("good at %v is %v", at, !want)
		}
	}
	if !(keyring.Key{}).Valid(end) {
		t.Error("a key without bounds is not good")
	}
}

func TestFirstSkipsWhatIsNotGoodNow(t *testing.T) {
	now := time.Unix(1000, 0)
	future, past, current := hs256("future", 0), hs256("past", 1), hs256("current", 2)
	future.NotBefore, past.NotAfter = now.Add(time.Second), now
	keys, err := keyring.New(keyring.Keys{future, past, current, hs256("later", 3)})
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := keys.First(keyring.HS256, now); !ok || key.ID != "current" {
		t.Errorf("first is %q, %v", key.ID, ok)
	}
	if key, ok := keys.First(keyring.HMACSHA256, now); ok {
		t.Errorf("first of an algorithm without keys is %q", key.ID)
	}
}

func TestWriteMakesPrivateFilesAndReplacesNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "odordiff")
	path := filepath.Join(dir, "keyring.json")
	created, err := keyring.Ensure(path)
	if err != nil || !created {
		t.Fatalf("created %v, error %v", created, err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, dir: 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (error %v), want %v", name, info.Mode().Perm(), err, want)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := keyring.Generate().Write(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("writing over a file: error %v, want %v", err, fs.ErrExist)
	}
	if created, err := keyring.Ensure(path); created || err != nil {
		t.Errorf("ensuring twice: created %v, error %v", created, err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed (error %v)", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v (error %v), want the keyring alone", entries, err)
	}
}

func TestOfManyWritersOneWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	created := make([]bool, 8)
	var all sync.WaitGroup
	for i := range created {
		all.Go(func() {
			var err error
			if created[i], err = keyring.Ensure(path); err != nil {
				t.Errorf("ensuring: %v", err)
			}
		})
	}
	all.Wait()
	wins := 0
	for _, won := range created {
		if won {
			wins++
		}
	}
	if wins != 1 {
		t.Errorf("%d wrote it, want 1", wins)
	}
}

func TestWriteRefusesWhatOpenWouldRefuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	err := keyring.Keys{{ID: "a", Algorithm: keyring.HS256, Secret: keyring.Secret("short")}}.Write(path)
	if err == nil || !strings.HasPrefix(err.Error(), "keys[0].secret: 5 bytes") {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there (error %v)", err)
	}
}

func TestWrittenKeysReadBackTheSame(t *testing.T) {
	dir := t.TempDir()
	files := 0
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-zA-Z0-9@.:_-]{1,20}`)
		keys := keyring.Keys{}
		for i := range rapid.IntRange(0, 4).Draw(t, "count") {
			keys = append(keys, keyring.Key{
				ID:        fmt.Sprintf("%s#%d", name.Draw(t, "id"), i),
				Algorithm: rapid.SampledFrom([]keyring.Algorithm{keyring.HS256, keyring.HMACSHA256}).Draw(t, "algorithm"),
				Secret:    append(rapid.SliceOfN(rapid.Byte(), 32, 64).Draw(t, "secret"), byte(i)),
				Principal: name.Draw(t, "principal"),
				Scopes:    rapid.SliceOfN(name, 1, 3).Draw(t, "scopes"),
				NotAfter:  time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "not after"), 0).UTC(),
			})
		}
		files++
		path := filepath.Join(dir, fmt.Sprint(files))
		if err := keys.Write(path); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := keyring.Parse(content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(keys, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"keys": [{"id": "a", "algorithm": "HS256", "secret": "` + secret(0) + `"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		keys, err := keyring.Parse(content)
		if err != nil {
			return
		}
		if _, err := keyring.New(keys); err != nil {
			t.Errorf("parsed keys are refused: %v", err)
		}
	})
}

func TestPrintableTextsHaveNoCharacterThatActs(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "Ada Lovelace": true, "Лада, 23 €": true, "می\u200cخواهم": true, "👩\u200d🔬": true, "a\u00a0b": true,
		"a\nb": false, "a\r\nX: y": false, "a\tb": false, "a\x00": false, "a\x7f": false, "a\u0085b": false, "a\u2028b": false,
		"a\u202eb": false, "a\u200bb": false, "\ufeffa": false, "a\xff": false,
	} {
		if got := keyring.Printable(text); got != want {
			t.Errorf("%q is printable: %v, want %v", text, got, want)
		}
	}
}
