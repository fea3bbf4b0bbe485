package reference

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

// configs returns every config with options, by the names that lead to it.
func configs() map[string]option.Config {
	all := make(map[string]option.Config)
	for _, p := range pages() {
		for _, m := range p.modules {
			gather(all, m.before+m.config.Options().Name, m.config)
		}
	}
	return all
}

func gather(all map[string]option.Config, name string, config option.Config) {
	all[name] = config
	for _, o := range config.Options().Options {
		if o.Nested != nil {
			gather(all, name+" "+o.Name, o.Nested)
		}
	}
}

// fresh returns a config like another, with nothing set.
func fresh(config option.Config) option.Config {
	return reflect.New(reflect.TypeOf(config).Elem()).Interface().(option.Config)
}

// block is a block of the config with what it cannot be without, and more
// lines.
func block(config option.Config, but string, lines ...string) string {
	table := config.Options()
	head := []string{table.Name}
	for _, argument := range table.Arguments {
		head = append(head, argument.Facts.Example)
	}
	for _, o := range table.Options {
		if o.Required && o.Name != but {
			lines = append(lines, exampleLine(o))
		}
	}
	return strings.Join(head, " ") + " {\n" + strings.Join(lines, "\n") + "\n}"
}

func unmarshal(config option.Config, block string) error {
	return config.Options().Unmarshal(caddyfile.NewTestDispenser(block))
}

// plain are the options of a config that have values and no block.
func plain(config option.Config) []*option.Option {
	return slices.DeleteFunc(config.Options().Options, func(o *option.Option) bool {
		return o.Nested != nil || o.Syntax == "{ ... }" || strings.HasPrefix(o.Syntax, "<module>")
	})
}

func TestEveryOptionsExampleIsValid(t *testing.T) {
	for name, config := range configs() {
		for _, o := range plain(config) {
			if err := unmarshal(fresh(config), block(config, o.Name, exampleLine(o))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestEveryMistakeNamesTheOptionAndAnExample(t *testing.T) {
	for name, config := range configs() {
		for _, o := range plain(config) {
			line := exampleLine(o)
			mistakes := []string{o.Name + "x"}
			if o.Syntax != "" { // It has a value.
				mistakes = append(mistakes, o.Name, o.Name+` ""`)
			}
			if !o.Repeats {
				mistakes = append(mistakes, line+"\n"+line, line+" surplus")
			}
			if isScale(o) {
				mistakes = append(mistakes, o.Name+" -1", o.Name+" -1s", o.Name+" abc", o.Name+" 999999999999999999999", o.Name+" 1 parsec")
			}
			for _, mistake := range mistakes {
				err := unmarshal(fresh(config), block(config, o.Name, mistake))
				if err == nil || !strings.Contains(err.Error(), o.Name) || !strings.Contains(err.Error(), "for example: "+line) || !strings.Contains(err.Error(), "Testfile:") {
					t.Errorf("%s: %q: error %v, want one that names the option, the line and %q", name, mistake, err, line)
				}
			}
		}
	}
}

// isScale reports whether the option's value is a number of some kind.
func isScale(o *option.Option) bool {
	return slices.Contains([]string{"<duration>", "<size>", "<number>"}, o.Syntax)
}

// TestZeroIsHonouredOrRefused says of each option with a number which it is,
// and that both syntaxes agree. Zero never means the default.
func TestZeroIsHonouredOrRefused(t *testing.T) {
	honoured := map[string]bool{
		"gate_headers cors max_age": true,
		"jwt leeway":                true, "jwt cache_size": true, "signature leeway": true,
		"gate_health disk degraded": true, "gate_health disk failed": true,
		"gate_health memory degraded": true, "gate_health memory failed": true,
		"gate_health load degraded": true, "gate_health load failed": true,
		"gate_limit limit tokens output_default": true,
		"gate audit rotate_age":                  true, "gate audit retain": true, "gate audit quota": true,
	}
	for name, config := range configs() {
		table := config.Options()
		for _, o := range slices.Concat(table.Arguments, table.Options) {
			if !isScale(o) {
				continue
			}
			path := name + " " + o.Name
			t.Run(path, func(t *testing.T) {
				if slices.Contains(table.Options, o) {
					inCaddyfile := fresh(config)
					judgeZero(t, inCaddyfile, o, unmarshal(inCaddyfile, block(config, "", o.Name+" "+zero(o))), honoured[path])
				}
				inJSON := fresh(config)
				if err := unmarshal(inJSON, block(config, "")); err != nil {
					t.Fatal(err)
				}
				d, err := docsOf(config, "../..")
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(`{"`+d.json(o.Facts)+`": 0}`), inJSON); err != nil {
					t.Fatal(err)
				}
				judgeZero(t, inJSON, o, inJSON.Options().Provision(), honoured[path])
			})
		}
	}
}

func zero(o *option.Option) string {
	if o.Syntax == "<duration>" {
		return "0s"
	}
	return "0"
}

func judgeZero(t *testing.T, config option.Config, o *option.Option, err error, honoured bool) {
	t.Helper()
	if !honoured {
		if err == nil || !strings.Contains(err.Error(), o.Name+": ") || !strings.Contains(err.Error(), "for example: ") {
			t.Errorf("error %v, want a refusal that names the option", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	table := config.Options()
	for _, set := range slices.Concat(table.Arguments, table.Options) {
		if set.Name == o.Name {
			value := reflect.ValueOf(set.Field).Elem()
			if value.IsNil() || !value.Elem().IsZero() {
				t.Errorf("the zero has become %v", value)
			}
		}
	}
}
