package ladder_test

import (
	"fmt"
	"net/http"

	"github.com/odordiff/odordiff/internal/ladder"
)

// An answer is kept for the principal whom it was given to, and for nobody
// else.
func ExampleStore() {
	store, err := ladder.NewStore(ladder.Limits{})
	if err != nil {
		panic(err)
	}
	asked := ladder.Target{Method: http.MethodGet, Path: "/molecules", Query: "a=1&b=2"}
	request := ladder.Request{Host: "edge.example", Asked: asked, Passed: asked, Principal: "alice"}
	store.Put(request.Key(), nil, ladder.Answer{Status: http.StatusOK, Body: []byte("linalool")})

	request.Asked.Query = "b=2&a=1" // the same query in another order
	answer, _, kept := store.Get(request.Key(), nil)
	fmt.Printf("%t %s\n", kept, answer.Body)

	request.Principal = "bob"
	_, _, kept = store.Get(request.Key(), nil)
	fmt.Println(kept)
	// Output:
	// true linalool
	// false
}
