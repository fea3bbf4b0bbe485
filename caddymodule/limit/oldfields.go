package limit

import (
	"strconv"
	"time"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/window"
)

// The fields that many services send and no document defines, as net/http
// spells them.
const (
	oldLimit     = "X-Ratelimit-Limit"
	oldRemaining = "X-Ratelimit-Remaining"
	oldReset     = "X-Ratelimit-Reset"
)

// The values of x_ratelimit: what the reset is told in.
const (
	inSeconds   = "seconds"
	asTimestamp = "timestamp"
)

// tellOldFields sets the old fields, which have room for one limit only: the
// one of which the least is left, in all handlers of the chain.
func (h *Handler) tellOldFields(response *exchange.Response, states []window.State) {
	least := -1
	for i, s := range states {
		if told(s) && !atOnce(s) && (least < 0 || s.Remaining < states[least].Remaining) {
			least = i
		}
	}
	if least < 0 {
		return
	}
	s := states[least]
	before, err := strconv.ParseInt(response.Get(oldRemaining), 10, 64)
	if err == nil && before <= s.Remaining {
		return
	}
	reset := wholeSeconds(s.Reset)
	if h.XRateLimit == asTimestamp {
		reset += time.Now().Unix()
	}
	response.Set(oldLimit, strconv.FormatInt(s.Limit.Capacity(), 10))
	response.Set(oldRemaining, strconv.FormatInt(s.Remaining, 10))
	response.Set(oldReset, strconv.FormatInt(reset, 10))
}
