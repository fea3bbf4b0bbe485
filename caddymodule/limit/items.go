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

// weigh returns how many items the limit's list has in the body, at least 1. A
// body that cannot be read is a problem.
func (l *Limit) weigh(r *http.Request, x *exchange.Exchange) (int64, *problem.Problem) {
	if l.Items == "" {
		return 1, nil
	}
	_, err := x.Body(r, exchange.DefaultMaxBody)
	switch {
	case errors.Is(err, exchange.ErrTooLarge):
		return 0, problem.TooLarge.New("Send a smaller body.").Because(err)
	case err != nil:
		return 0, problem.Malformed.New("The body could not be read to its end.").Because(err)
	}
	body, err := x.JSON()
	if err != nil {
		return 1, nil // whoever reads the body says what is wrong with it
	}
	return int64(max(1, lengthAt(body, jsontext.Pointer(l.Items)))), nil
}

// lengthAt returns how long the list is to which a pointer leads, 0 for none.
func lengthAt(body any, pointer jsontext.Pointer) int {
	for token := range pointer.Tokens() {
		members, _ := body.(map[string]any) // what is no object has no members
		body = members[token]
	}
	list, _ := body.([]any)
	return len(list)
}

// times multiplies a cost, up to the largest.
func times(cost, items int64) int64 {
	if cost > math.MaxInt64/items {
		return math.MaxInt64
	}
	return cost * items
}
