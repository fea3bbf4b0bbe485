package limit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/window"
)

// wantedRate says what a rate must be.
const wantedRate = "a whole number from 1 in a window from 1s to 366d"

// requestRate is a rate that each request says for itself.
type requestRate struct {
	// text has the placeholders, and blank is it when none has a value.
	text, blank string
	// most is how much may be used in any span, whatever a request says.
	most int64
	span time.Duration
}

// bound returns the rate, or one that keeps to the most that may be used.
func (b *requestRate) bound(rate int64, span time.Duration) (int64, time.Duration) {
	// As many of the request's windows reach into one of the bound's.
	windows := int64((b.span + span - 1) / span)
	switch most := b.most / windows; {
	case rate <= most:
		return rate, span
	case most > 0:
		return most, span
	default:
		return b.most, b.span
	}
}

// configureRate parses the rate, or notes that each request has its own.
func (l *Limit) configureRate() error {
	text := caddy.NewReplacer().ReplaceKnown(l.Rate, "")
	if len(placeholdersIn(text)) == 0 {
		if l.RateDefault != "" || l.RateMax != "" {
			return fmt.Errorf("rate: %q has no placeholder of a request, so there is nothing for rate_default and rate_max: leave them out", l.Rate)
		}
		return l.setRate("rate", text)
	}
	if l.RateDefault == "" {
		return fmt.Errorf("rate_default is missing: rate %s may have no value; write for example: rate_default 60/1m", l.Rate)
	}
	if err := l.setRate("rate_default", l.RateDefault); err != nil {
		return err
	}
	l.byRequest = &requestRate{
		text: text, blank: caddy.NewEmptyReplacer().ReplaceAll(text, ""),
		most: window.MaxRate, span: window.MinWindow,
	}
	if l.RateMax != "" {
		var err error
		if l.byRequest.most, l.byRequest.span, err = parseRate(l.RateMax); err != nil {
			return err
		}
	}
	return nil
}

// setRate sets the rate that does not depend on a request.
func (l *Limit) setRate(option, text string) (err error) {
	if !isRate(text) {
		return fmt.Errorf("%s: %q is not %s; write for example: %[1]s 60/1m", option, text, wantedRate)
	}
	l.limit.Rate, l.limit.Window, err = parseRate(text)
	return err
}

// forRequest returns the limit with the rate that holds for a request.
func (l *Limit) forRequest(repl *caddy.Replacer, logger *zap.Logger) window.Limit {
	limit := l.limit
	if l.byRequest == nil {
		return limit
	}
	text := repl.ReplaceAll(l.byRequest.text, "")
	if text == l.byRequest.blank {
		values.WithLabelValues(l.Name, "rate", "absent").Inc()
		return limit
	}
	if !isRate(text) {
		l.warnOfNonsense("rate", logger)
		return limit
	}
	rate, span, _ := parseRate(text) // It was checked.
	limit.Rate, limit.Window = l.byRequest.bound(rate, span)
	if limit.Validate() != nil {
		l.warnOfNonsense("rate", logger) // The algorithm cannot count it.
		return l.limit
	}
	if limit.Rate != rate || limit.Window != span {
		values.WithLabelValues(l.Name, "rate", "clamped").Inc()
	}
	return limit
}

// warnOfNonsense counts a value of a request that is not what an option needs,
// and logs it once.
func (l *Limit) warnOfNonsense(option string, logger *zap.Logger) {
	values.WithLabelValues(l.Name, option, "invalid").Inc()
	if l.warnedOfNonsense.CompareAndSwap(false, true) {
		logger.Warn("a request has a value that the limit cannot use, so the default holds: further ones are only counted",
			zap.String("limit", l.Name), zap.String("option", option))
	}
}

// mayBeRate reports whether the text is a rate, or one once its placeholders
// have their values.
func mayBeRate(text string) bool { return isRate(text) || len(placeholdersIn(text)) > 0 }

// isRate reports whether the text is a rate within the bounds of a window.
func isRate(text string) bool {
	rate, span, err := parseRate(text)
	return err == nil && window.Limit{Name: "l", Rate: rate, Window: span}.Validate() == nil
}

// parseRate parses a rate such as 60/1m: a number of units and the window in
// which they may be used.
func parseRate(text string) (rate int64, span time.Duration, err error) {
	number, duration, _ := strings.Cut(text, "/")
	if rate, err = strconv.ParseInt(number, 10, 64); err != nil {
		return 0, 0, err
	}
	span, err = caddy.ParseDuration(duration)
	return rate, span, err
}
