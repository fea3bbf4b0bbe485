package limit

import (
	"errors"
	"math"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
)

// isPointer reports whether the text is a JSON Pointer to a part of a body.
func isPointer(text string) bool {
	return strings.HasPrefix(text, "/") && jsontext.Pointer(text).IsValid()
}

// weigh returns how many times the limit's cost a request costs, at least 1:
// how many items or tokens are in the body. A body that cannot be read is a
// problem.
func (l *Limit) weigh(r *http.Request, x *exchange.Exchange) (int64, *problem.Problem) {
	if l.Items == "" && l.Tokens == nil {
		return 1, nil
	}
	_, err := x.Body(r, exchange.DefaultMaxBody)
	switch {
	case errors.Is(err, exchange.ErrTooLarge):
		return 0, problem.TooLarge.New("Send a smaller body.").Because(err)
	case err != nil:
		return 0, problem.Malformed.New("The body could not be read to its end.").Because(err)
	}
	// Of what is no JSON, whoever reads it says what is wrong with it.
	body, _ := x.JSON()
	if l.Tokens != nil {
		return l.Tokens.estimate(body), nil
	}
	var items int64
	visit(body, l.Items, func(value any) {
		list, _ := value.([]any)
		items += int64(len(list))
	})
	return max(1, items), nil
}

// times multiplies a cost, up to the largest.
func times(cost, items int64) int64 {
	if cost > math.MaxInt64/items {
		return math.MaxInt64
	}
	return cost * items
}
