package option

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// Text is an option with one value. The syntax, such as <file>, says what it
// is.
func Text[S ~string](name string, field *S, syntax string) *Option {
	return &Option{
		Facts: Facts{Name: name, Syntax: syntax, Field: field},
		values: func() []string {
			if *field == "" {
				return nil
			}
			return []string{string(*field)}
		},
		set: func(values []string) { *field = S(values[0]) },
	}
}

// List is an option with one value or more, which may be there more than once.
func List[S ~string](name string, field *[]S, syntax string) *Option {
	return Values(name, field, syntax, func(text string) S { return S(text) }, func(value S) string { return string(value) })
}

// Values is [List] for values that are no text in JSON. It parses only what is
// valid.
func Values[T any](name string, field *[]T, syntax string, parse func(text string) T, format func(value T) string) *Option {
	return &Option{
		Facts: Facts{Name: name, Syntax: syntax, Field: field, Repeats: true},
		many:  true,
		values: func() []string {
			if *field == nil {
				return nil
			}
			values := make([]string, len(*field))
			for i, value := range *field {
				values[i] = format(value)
			}
			return values
		},
		set: func(values []string) {
			*field = nil
			for _, value := range values {
				*field = append(*field, parse(value))
			}
		},
	}
}

// OneOf demands that each value is one of these.
func (o *Option) OneOf(words ...string) *Option {
	o.Syntax = strings.Join(words, "|")
	if o.many {
		o.Syntax += "..."
	}
	return o.Accept("one of "+strings.Join(words, ", "), func(value string) bool {
		return slices.Contains(words, value)
	})
}

// Flag is an option without a value. It turns something on.
func Flag(name string, field *bool) *Option {
	return &Option{
		Facts: Facts{Name: name, Default: "off", Field: field},
		flag:  true,
		values: func() []string {
			if !*field {
				return nil
			}
			return []string{}
		},
		set: func([]string) { *field = true },
	}
}

// Duration is an option with a duration from least to most.
func Duration(name string, field **caddy.Duration, least, most time.Duration) *Option {
	parse := func(value string) (caddy.Duration, error) {
		d, err := caddy.ParseDuration(value)
		return caddy.Duration(d), err
	}
	return scale(name, "duration", field, caddy.Duration(least), caddy.Duration(most), parse, duration)
}

// Size is an option with a number of bytes from least to most.
func Size[N ~int | ~int64](name string, field **N, least, most N) *Option {
	parse := func(value string) (N, error) {
		n, err := humanize.ParseBytes(value)
		return N(min(n, 1<<62)), err
	}
	return scale(name, "size", field, least, most, parse, size)
}

// Count is an option with a whole number from least to most.
func Count(name string, field **int, least, most int) *Option {
	return scale(name, "whole number", field, least, most, strconv.Atoi, strconv.Itoa)
}

// Number is an option with a number from least to most.
func Number(name string, field **float64, least, most float64) *Option {
	parse := func(value string) (float64, error) { return strconv.ParseFloat(value, 64) }
	return scale(name, "number", field, least, most, parse, func(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) })
}

// scale is an option whose value lies between two others.
func scale[T cmp.Ordered](name, kind string, field **T, least, most T, parse func(string) (T, error), format func(T) string) *Option {
	o := &Option{
		Facts: Facts{Name: name, Syntax: "<" + strings.TrimPrefix(kind, "whole ") + ">", Field: field},
		values: func() []string {
			if *field == nil {
				return nil
			}
			return []string{format(**field)}
		},
		set: func(values []string) {
			value, _ := parse(values[0]) // It was checked.
			*field = &value
		},
	}
	return o.Accept(fmt.Sprintf("a %s from %s to %s", kind, format(least), format(most)), func(text string) bool {
		value, err := parse(text)
		return err == nil && value >= least && value <= most // A NaN is neither.
	})
}

// duration writes 10m where time.Duration writes 10m0s.
func duration(d caddy.Duration) string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// size writes whole units, such as 64KiB, and other numbers in bytes.
func size[N ~int | ~int64](n N) string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	for n != 0 && n%1024 == 0 && len(units) > 1 {
		n /= 1024
		units = units[1:]
	}
	return strconv.FormatInt(int64(n), 10) + units[0]
}

// Block is an option that has a config of its own, T, in a block or as
// arguments.
func Block[T any, C nested[T]](name string, field **T) *Option {
	return &Option{
		Facts: Facts{Name: name, Field: field, Nested: C(new(T))},
		read: func(d *caddyfile.Dispenser) error {
			*field = new(T)
			return C(*field).Options().unmarshal(d)
		},
		blocks: func() []Table {
			if *field == nil {
				return nil
			}
			return []Table{C(*field).Options()}
		},
	}
}

// Blocks is [Block] for an option that may be there more than once.
func Blocks[T any, C nested[T]](name string, field *[]T) *Option {
	return &Option{
		Facts: Facts{Name: name, Field: field, Nested: C(new(T)), Repeats: true},
		read: func(d *caddyfile.Dispenser) error {
			*field = append(*field, *new(T))
			return C(&(*field)[len(*field)-1]).Options().unmarshal(d)
		},
		blocks: func() []Table {
			tables := make([]Table, len(*field))
			for i := range *field {
				tables[i] = C(&(*field)[i]).Options()
			}
			return tables
		},
	}
}

// nested is a pointer to a T that is a [Config].
type nested[T any] interface {
	*T
	Config
}

// Module is an option that names a module of Caddy's and has whatever that
// takes. The key is the one of the module's name in JSON.
func Module(name string, field *json.RawMessage, namespace, key string) *Option {
	o := Custom(name, "<module> ...", field, nil)
	o.read = func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return d.Errf("%s: its value is missing%s", name, suchAs(o.line()))
		}
		module := d.Val()
		config, err := caddyfile.UnmarshalModule(d, namespace+"."+module)
		if err != nil {
			return fmt.Errorf("%s: %w%s", name, err, suchAs(o.line()))
		}
		*field = caddyconfig.JSONModuleObject(config, key, module, nil)
		return nil
	}
	return o
}

// Custom is an option that its module reads itself, its errors included.
func Custom(name, syntax string, field any, read func(d *caddyfile.Dispenser) error) *Option {
	return &Option{Facts: Facts{Name: name, Syntax: syntax, Field: field}, read: read}
}
