// Package override changes limits of package window while they are in use: an
// operator gives a key, or a whole limit, another rate for some time.
//
// [Overrides] has those in force. They are kept in this process, or in Redis
// for all gateways that follow it. [Store] applies them to each decision
// before another store makes it, and knows who was refused lately.
//
// Whose key it is, nobody learns from an override: it holds the ID of the
// window, which is a hash.
package override

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/window"
)

const (
	// MaxLifetime is how long an override may be in force.
	MaxLifetime = 30 * 24 * time.Hour
	// MaxOverrides is how many there may be at a time.
	MaxOverrides = 1000
	// MaxText is how many bytes a reason and the name of who set it may have.
	MaxText = 256
)

var (
	// ErrInvalid says that an override makes no sense. It is the caller's mistake.
	ErrInvalid = errors.New("invalid override")
	// ErrTooMany says that there are [MaxOverrides] already.
	ErrTooMany = fmt.Errorf("there are %d overrides already: remove one", MaxOverrides)
)

// Target is what an override is for.
type Target struct {
	// Limit and Window are the limit's.
	Limit  string
	Window time.Duration
	// Key is the window of the key; zero for all keys of the limit.
	Key window.ID
}

// whole is the target of all keys of the same limit.
func (t Target) whole() Target {
	t.Key = window.ID{}
	return t
}

// Override is another rate for a target. That of a key goes before that of the
// whole limit.
type Override struct {
	Target

	// Rate is how many units any window may hold, up to [window.MaxRate]; 0
	// refuses every request.
	Rate int64
	// Unlimited lets every request pass, and counts it. Rate is then 0.
	Unlimited bool
	// Since and Until are when it began and when it ends.
	Since, Until time.Time
	// Reason says why it was set, and By who says to have set it. Both may be
	// empty.
	Reason, By string
}

// Validate returns an error that wraps [ErrInvalid] and names what is wrong
// with an override that is set at the time now.
func (o Override) Validate(now time.Time) error { return o.validate(now, MaxLifetime) }

func (o Override) validate(now time.Time, longest time.Duration) error {
	invalid := func(format string, arguments ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, arguments...))
	}
	switch {
	case o.Limit == "":
		return invalid("limit: missing: it is the name of one")
	case o.Window < window.MinWindow || o.Window > window.MaxWindow:
		return invalid("window: %v must be from %v to %v", o.Window, window.MinWindow, window.MaxWindow)
	case o.Rate < 0 || o.Rate > window.MaxRate:
		return invalid("rate: %d must be from 0, which blocks, to %d", o.Rate, int64(window.MaxRate))
	case o.Unlimited && o.Rate != 0:
		return invalid("rate: an override is either unlimited or has a rate: leave one out")
	case !o.Until.After(now):
		return invalid("for: the override ends before it begins: give it a time, such as 2h")
	case o.Until.Sub(now) > longest:
		return invalid("for: %v is too long: an override ends after %v at the latest", o.Until.Sub(now).Round(time.Second), longest)
	}
	for name, text := range map[string]string{"reason": o.Reason, "by": o.By} {
		if len(text) > MaxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return invalid("%s: it must be one line of text, of %d bytes at most", name, MaxText)
		}
	}
	return nil
}

// Changed returns the limit as the override changes it. A burst grows and
// shrinks with the rate. A limit that cannot be counted with that rate keeps
// its own. Unlimited, it counts as far as it can, and refuses nothing.
func (o Override) Changed(l window.Limit) window.Limit {
	changed := l
	changed.Rate = o.Rate
	if o.Unlimited {
		l.Shadow, changed.Shadow, changed.Rate = true, true, window.MaxRate
	}
	if l.Burst > 0 {
		changed.Burst = max(1, int64(float64(l.Burst)*float64(changed.Rate)/float64(l.Rate)))
	}
	if changed.Validate() != nil {
		return l
	}
	return changed
}

// Describe says what the override allows, such as "600/1m", "unlimited" or
// "blocked".
func (o Override) Describe() string {
	switch {
	case o.Unlimited:
		return "unlimited"
	case o.Rate == 0:
		return "blocked"
	}
	return strconv.FormatInt(o.Rate, 10) + "/" + Span(o.Window)
}

// Span returns a window as a configuration has it: 1m, not 1m0s.
func Span(window time.Duration) string {
	text := window.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
