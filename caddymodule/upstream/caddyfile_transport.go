package upstream

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

// Options returns the options that transport gate has in addition to those of
// transport http.
func (t *Transport) Options() option.Table {
	return option.Table{Name: "gate", Options: []*option.Option{
		option.Values("fail_on", &t.FailOn, "<statuses...>", parseStatus, formatStatus).Default("502 503 504").
			Accept("a status such as 503 or a class such as 5xx", isStatus),
		option.Duration("slow_after", &t.SlowAfter, time.Millisecond, time.Hour).Default("30s"),
	}}
}

// In JSON a class such as 5xx is its first digit.

func parseStatus(text string) int {
	status, _ := strconv.Atoi(strings.TrimSuffix(text, "xx")) // It is valid.
	return status
}

func formatStatus(status int) string {
	if status >= 1 && status <= 5 {
		return strconv.Itoa(status) + "xx"
	}
	return strconv.Itoa(status)
}

func isStatus(text string) bool {
	digits, class := strings.CutSuffix(text, "xx")
	status, err := strconv.Atoi(digits)
	if class {
		return err == nil && status >= 1 && status <= 5
	}
	return err == nil && status >= 100 && status <= 599
}

// UnmarshalCaddyfile parses the transport. It passes on to transport http the
// options that are not its own.
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	var standard []caddyfile.Token
	d.Next()
	name := d.Token()
	d.Prev()
	table := t.Options()
	table.Others = func(d *caddyfile.Dispenser) error {
		standard = append(standard, d.NextSegment()...)
		return nil
	}
	if err := table.Unmarshal(d); err != nil {
		return err
	}
	return t.HTTPTransport.UnmarshalCaddyfile(caddyfile.NewDispenser(block(name, standard)))
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
