package upstream

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// standardOptions are options of transport http of every shape: plain, with
// several arguments, without any, and with a block.
const standardOptions = `
	dial_timeout 1s
	versions 1.1 2
	keepalive 30s
	tls
	tls_trust_pool file {
		pem_file ca.pem
	}
	read_buffer 8KiB
	compression off
	network_proxy url http://127.0.0.1:3128
`

func unmarshal(t *testing.T, input string) (*Transport, error) {
	t.Helper()
	transport := Transport{}.CaddyModule().New().(*Transport)
	return transport, transport.UnmarshalCaddyfile(caddyfile.NewTestDispenser(input))
}

func TestTransportTakesEveryOptionOfCaddys(t *testing.T) {
	for name, input := range map[string]string{
		"ours first":   "gate {\nfail_on 500 5xx\nslow_after 2s\n" + standardOptions + "}",
		"ours last":    "gate {\n" + standardOptions + "fail_on 500 5xx\nslow_after 2s\n}",
		"ours between": "gate {\nfail_on 500\n" + strings.Replace(standardOptions, "read_buffer", "fail_on 5xx\nread_buffer", 1) + "slow_after 2s\n}",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := unmarshal(t, input)
			if err != nil {
				t.Fatal(err)
			}
			standard := new(reverseproxy.HTTPTransport)
			if err := standard.UnmarshalCaddyfile(caddyfile.NewTestDispenser("http {" + standardOptions + "}")); err != nil {
				t.Fatal(err)
			}
			if got, want := marshal(t, got.HTTPTransport), marshal(t, standard); got != want {
				t.Errorf("standard options\n got %s\nwant %s", got, want)
			}
			whole := marshal(t, got)
			for _, want := range []string{`"fail_on":[500,5]`, `"slow_after":2000000000`, `"dial_timeout":1000000000`} {
				if !strings.Contains(whole, want) {
					t.Errorf("%s lacks %s", whole, want)
				}
			}
			back := Transport{}.CaddyModule().New().(*Transport)
			if err := json.Unmarshal([]byte(whole), back); err != nil || marshal(t, back) != whole {
				t.Errorf("read back: %s, %v", marshal(t, back), err)
			}
		})
	}
}

func TestTransportWithoutOptions(t *testing.T) {
	for _, input := range []string{"gate", "gate {\n}"} {
		if got, err := unmarshal(t, input); err != nil || marshal(t, got) != "{}" {
			t.Errorf("%q: %s, %v", input, marshal(t, got), err)
		}
	}
}

func TestMistakesInTheTransportsOptionsAreNamed(t *testing.T) {
	for option, want := range map[string]string{
		"fail_on 5":      "5xx",
		"fail_on 50xx":   "50xx",
		"fail_on many":   "many",
		"dial_timeout x": "x",
		"fail_onn 503":   "fail_onn",
	} {
		if _, err := unmarshal(t, "gate {\n"+option+"\n}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not name %q", option, err, want)
		}
	}
	if _, err := unmarshal(t, "gate http"); err == nil {
		t.Error("an argument is accepted")
	}
}

func TestWhatIsNoStatusIsRefusedInJSONToo(t *testing.T) {
	for _, test := range []struct {
		transport Transport
		ok        bool
	}{
		{Transport{}, true},
		{Transport{FailOn: []int{4, 5, 599}}, true},
		{Transport{FailOn: []int{0}}, false},
		{Transport{FailOn: []int{6}}, false},
		{Transport{FailOn: []int{600}}, false},
	} {
		if err := test.transport.Options().Provision(); (err == nil) != test.ok {
			t.Errorf("%v: %v", test.transport.FailOn, err)
		}
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
