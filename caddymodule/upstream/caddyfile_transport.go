package upstream

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// UnmarshalCaddyfile sets up the transport from Caddyfile tokens. Beside its own
// options it takes all those of `transport http`. Syntax:
//
//	transport gate {
//		fail_on    <statuses...>
//		slow_after <duration>
//		<option of transport http>...
//	}
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the transport's name
	name := d.Token()
	if d.NextArg() {
		return d.ArgErr()
	}
	var standard []caddyfile.Token
	for d.NextBlock(0) {
		option := d.NextSegment()
		ours, err := t.unmarshalOption(caddyfile.NewDispenser(option))
		if err != nil {
			return err
		}
		if !ours {
			standard = append(standard, option...)
		}
	}
	return t.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(block(name, standard)))
}

// unmarshalOption reads one option and reports whether it is one of ours.
func (t *Transport) unmarshalOption(d *caddyfile.Dispenser) (ours bool, err error) {
	d.Next()
	switch d.Val() {
	case "fail_on":
		return true, t.unmarshalFailOn(d)
	case "slow_after":
		return true, t.unmarshalSlowAfter(d)
	}
	return false, nil
}

func (t *Transport) unmarshalFailOn(d *caddyfile.Dispenser) error {
	statuses := d.RemainingArgs()
	if len(statuses) == 0 {
		return d.ArgErr()
	}
	for _, text := range statuses {
		status, err := strconv.Atoi(strings.TrimSuffix(text, "xx"))
		if class := strings.HasSuffix(text, "xx"); err != nil || class != (status < 10) {
			return d.Errf("fail_on %q is not a status such as 503, nor a class such as 5xx", text)
		}
		t.FailOn = append(t.FailOn, status)
	}
	return nil
}

func (t *Transport) unmarshalSlowAfter(d *caddyfile.Dispenser) error {
	var text string
	if !d.AllArgs(&text) {
		return d.ArgErr()
	}
	after, err := caddy.ParseDuration(text)
	if err != nil || after < time.Millisecond {
		return d.Errf("slow_after %q is not a duration of at least 1ms, such as 30s", text)
	}
	t.SlowAfter = caddy.Duration(after)
	return nil
}

// block returns the tokens of a named block around the options.
func block(name caddyfile.Token, options []caddyfile.Token) []caddyfile.Token {
	opening, closing := name, name
	opening.Text, closing.Text = "{", "}"
	closing.Line = math.MaxInt32 // A closing brace stands on a line of its own.
	return append(append([]caddyfile.Token{name, opening}, options...), closing)
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Transport)(nil)
