package gate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func TestCaddyfileAdapts(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":   {`gate`, `{}`},
		"empty":     {"gate {\n}", `{}`},
		"upgrade":   {"gate {\nupgrade websocket echo/1\n}", `{"upgrade":["websocket","echo/1"]}`},
		"redis off": {"gate {\nredis off\n}", `{"redis":{"url":"off"}}`},
		"redis":     {"gate {\nredis redis://r:6379\n}", `{"redis":{"url":"redis://r:6379"}}`},
		"redis in full": {
			"gate {\nredis redis://r:6379 {\nprefix p\nnodes 3\ntimeout 100ms\n}\n}",
			`{"redis":{"url":"redis://r:6379","prefix":"p","nodes":3,"timeout":100000000}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := new(App)
			if err := app.UnmarshalCaddyfile(caddyfile.NewTestDispenser(c.text)); err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(app)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestCaddyfileMistakesAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"gate on":                               `wrong argument count`,
		"gate {\nupgrade websocket, x\n}":       `"websocket," is not the name`,
		"gate {\nupgrade H2C\n}":                "`versions h2c`",
		"gate {\nredis {\nnodes 3\n}\n}":        `url is missing; write for example: redis redis://127.0.0.1:6379`,
		"gate {\nredis a b\n}":                  `"b" is one value too many`,
		"gate {\nredis off {\nprefix a b\n}\n}": `prefix: "b" is one value too many`,
	} {
		t.Run(text, func(t *testing.T) {
			err := new(App).UnmarshalCaddyfile(caddyfile.NewTestDispenser(text))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("err = %v, want one with %q", err, want)
			}
		})
	}
}
