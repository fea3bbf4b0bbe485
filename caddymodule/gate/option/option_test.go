package option_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/logging"
	"github.com/google/go-cmp/cmp"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

// config has an option of each kind.
type config struct {
	Text     string          `json:"text,omitempty"`
	Word     string          `json:"word,omitempty"`
	List     []string        `json:"list,omitempty"`
	Codes    []int           `json:"codes,omitempty"`
	Flag     bool            `json:"flag,omitempty"`
	Duration *caddy.Duration `json:"duration,omitempty"`
	Size     *int64          `json:"size,omitempty"`
	Count    *int            `json:"count,omitempty"`
	Number   *float64        `json:"number,omitempty"`
	Ranges   []string        `json:"ranges,omitempty"`
	Inner    *inner          `json:"inner,omitempty"`
	Rules    []inner         `json:"rules,omitempty"`
	Format   json.RawMessage `json:"format,omitempty"`
}

type inner struct {
	Name  string `json:"name,omitempty"`
	Count *int   `json:"count,omitempty"`
}

func (c *config) Options() option.Table {
	return option.Table{Name: "thing", Options: []*option.Option{
		option.Text("text", &c.Text, "<text>").Expand().Example("a"),
		option.Text("word", &c.Word, "").OneOf("on", "off").Default("off"),
		option.List("list", &c.List, "<names...>").Default("a b"),
		option.Values("codes", &c.Codes, "<codes...>", func(text string) int { return len(text) }, func(n int) string { return strings.Repeat("x", n) }).Example("xx"),
		option.Flag("flag", &c.Flag),
		option.Duration("duration", &c.Duration, 0, 10*time.Minute).Default("30s"),
		option.Size("size", &c.Size, 1, 1<<30).Default("1MiB"),
		option.Count("count", &c.Count, 1, 9).Default("5"),
		option.Number("number", &c.Number, 0, 100).Example("90"),
		option.Ranges("ranges", &c.Ranges),
		option.Block("inner", &c.Inner),
		option.Blocks("rule", &c.Rules),
		option.Module("format", &c.Format, "caddy.logging.encoders", "format").Example("json"),
	}}
}

func (i *inner) Options() option.Table {
	return option.Table{
		Name:      strings.TrimSpace("rule " + i.Name),
		Arguments: []*option.Option{option.Text("name", &i.Name, "<name>").Require().Example("first")},
		Options:   []*option.Option{option.Count("count", &i.Count, 0, 9).Default("1")},
	}
}

func read(t *testing.T, block string) (*config, error) {
	t.Helper()
	c := new(config)
	return c, c.Options().Unmarshal(caddyfile.NewTestDispenser(block))
}

func TestABlockSetsTheFieldsOfItsOptions(t *testing.T) {
	c, err := read(t, `thing {
		text "two words"
		word on
		list a b
		list c
		codes x xx
		flag
		duration 0s
		size 64KiB
		count 3
		number 0
		ranges 192.0.2.1 private_ranges
		inner one {
			count 0
		}
		rule two
		rule three
		format json
	}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"text":"two words","word":"on","list":["a","b","c"],"codes":[1,2],"flag":true,"duration":0,"size":65536,"count":3,"number":0,` +
		`"ranges":["192.0.2.1","192.168.0.0/16","172.16.0.0/12","10.0.0.0/8","127.0.0.1/8","fd00::/8","::1"],` +
		`"inner":{"name":"one","count":0},"rules":[{"name":"two"},{"name":"three"}],"format":{"format":"json"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsSayWhereWhatAndHowItWouldBeRight(t *testing.T) {
	for name, test := range map[string]struct{ block, want string }{
		"not a duration":    {"thing {\nduration abc\n}", `duration: "abc" is not a duration from 0s to 10m; write for example: duration 30s, at Testfile:2`},
		"without a unit":    {"thing {\n\nduration 5\n}", `duration: "5" is not a duration from 0s to 10m; write for example: duration 30s, at Testfile:3`},
		"too long":          {"thing {\nduration 11m\n}", `duration: "11m" is not`},
		"negative":          {"thing {\nduration -1s\n}", `duration: "-1s" is not`},
		"not a size":        {"thing {\nsize lots\n}", `size: "lots" is not a size from 1 to 1GiB; write for example: size 1MiB`},
		"too large":         {"thing {\nsize 99EiB\n}", `size: "99EiB" is not`},
		"not whole":         {"thing {\ncount 1.5\n}", `count: "1.5" is not a whole number from 1 to 9; write for example: count 5`},
		"beyond all":        {"thing {\ncount 99999999999999999999\n}", `count: "99999999999999999999" is not`},
		"not a number":      {"thing {\nnumber NaN\n}", `number: "NaN" is not a number from 0 to 100; write for example: number 90`},
		"infinite":          {"thing {\nnumber Inf\n}", `number: "Inf" is not`},
		"another word":      {"thing {\nword maybe\n}", `word: "maybe" is not one of on, off; write for example: word off`},
		"not a range":       {"thing {\nranges 10.0.0.0/99\n}", `ranges: "10.0.0.0/99" is not an address, a range such as 10.0.0.0/8 or private_ranges`},
		"missing":           {"thing {\nduration\n}", `duration: its value is missing; write for example: duration 30s, at Testfile:2`},
		"empty":             {"thing {\ntext \"\"\n}", `text: the value is empty; write for example: text a`},
		"too many":          {"thing {\ncount 1 2\n}", `count: "2" is one value too many; write for example: count 5`},
		"twice":             {"thing {\ncount 1\ncount 2\n}", `count is there twice: keep one; write for example: count 5, at Testfile:3`},
		"with a block":      {"thing {\ncount 1 {\na\n}\n}", `count takes no block`},
		"a slip":            {"thing {\nduratoin 1s\n}", `unknown option "duratoin" of thing (did you mean duration?); write for example: duration 30s`},
		"unknown":           {"thing {\nsomething 1\n}", `unknown option "something" of thing: it has text, word, list, codes,`},
		"an argument":       {"thing 5", `wrong argument count or unexpected line ending after '5'`},
		"a value of a flag": {"thing {\nflag yes\n}", `flag: "yes" is one value too many: it takes none; write for example: flag`},
		"a name missing":    {"thing {\nrule {\ncount 1\n}\n}", `rule: name is missing; write for example: rule first`},
		"inside a block":    {"thing {\nrule a {\ncount 10\n}\n}", `count: "10" is not a whole number from 0 to 9; write for example: count 1, at Testfile:3`},
		"no such module":    {"thing {\nformat xml\n}", `caddy.logging.encoders.xml`},
		"no module":         {"thing {\nformat\n}", `format: its value is missing; write for example: format json`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(t, test.block); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant one with %q", err, test.want)
			}
		})
	}
}

func TestJSONIsCheckedByTheSameWords(t *testing.T) {
	for text, want := range map[string]string{
		`{"duration": "11m"}`:                     `duration: "11m" is not a duration from 0s to 10m; write for example: duration 30s`,
		`{"duration": -1}`:                        `duration: "-1ns" is not`,
		`{"size": 0}`:                             `size: "0" is not a size from 1 to 1GiB`,
		`{"count": 0}`:                            `count: "0" is not a whole number from 1 to 9`,
		`{"number": 100.5}`:                       `number: "100.5" is not`,
		`{"word": "maybe"}`:                       `word: "maybe" is not one of on, off`,
		`{"list": []}`:                            `list: its value is missing`,
		`{"list": [""]}`:                          `list: the value is empty`,
		`{"ranges": ["here"]}`:                    `ranges: "here" is not`,
		`{"inner": {}}`:                           `rule: name is missing; write for example: rule first`,
		`{"rules": [{"name": "a", "count": -1}]}`: `rule a: count: "-1" is not a whole number from 0 to 9`,
		`{"text": "{env.SURELY_UNSET}"}`:          `text: evaluated placeholder {env.SURELY_UNSET} is empty`,
	} {
		t.Run(text, func(t *testing.T) {
			c := new(config)
			if err := json.Unmarshal([]byte(text), c); err != nil {
				t.Fatal(err)
			}
			if err := c.Options().Provision(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v\nwant one with %q", err, want)
			}
		})
	}
}

func TestWhatIsAbsentGetsItsDefaultAndAZeroStays(t *testing.T) {
	t.Setenv("OPTION_TEST", "expanded")
	c := &config{Text: "{env.OPTION_TEST}", Duration: new(caddy.Duration(0)), Rules: []inner{{Name: "a"}, {Name: "b", Count: new(0)}}}
	if err := c.Options().Provision(); err != nil {
		t.Fatal(err)
	}
	want := &config{
		Text: "expanded", Word: "off", List: []string{"a", "b"}, Duration: new(caddy.Duration(0)), Size: new(int64(1 << 20)), Count: new(5),
		Rules: []inner{{Name: "a", Count: new(1)}, {Name: "b", Count: new(0)}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestPlaceholdersWaitForTheConfigToLoad(t *testing.T) {
	c, err := read(t, "thing {\nranges {env.OPTION_TEST_RANGE}\n}")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OPTION_TEST_RANGE", "nowhere")
	if err := c.Options().Provision(); err == nil || !strings.Contains(err.Error(), `ranges: "nowhere" is not`) {
		t.Errorf("error %v", err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add("thing {\n text a\n rule b {\n count 3\n }\n format json\n}")
	f.Add("thing {\n inner {\n")
	f.Add("thing {\n count 1 {\n }\n flag\n}")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
		if err != nil {
			return
		}
		c := new(config)
		if err := c.Options().Unmarshal(caddyfile.NewDispenser(tokens)); err != nil {
			return
		}
		if err := c.Options().Provision(); err == nil && (c.Count == nil || *c.Count < 1 || *c.Count > 9) {
			t.Errorf("%q gives a count out of its bounds", text)
		}
	})
}
