package grammar_test

import (
	"fmt"

	"github.com/odordiff/odordiff/inference/chem/grammar"
)

// After "C1CC" only the ring number can end the text with one token more; with
// two more, the ring may grow or close with a double bond.
func ExampleState_Allowed() {
	vocabulary := []string{"C", "N", "O", "=", "1", "(", ")"}
	g, err := grammar.New(vocabulary)
	if err != nil {
		fmt.Println(err)
		return
	}
	state := g.Start()
	for _, id := range []int{0, 4, 0, 0} {
		if err := state.Push(id); err != nil {
			fmt.Println(err)
			return
		}
	}
	allowed := make([]bool, g.Size())
	for _, remaining := range []int{1, 2} {
		state.Allowed(remaining, allowed)
		fmt.Print(remaining, " left:")
		for id, ok := range allowed {
			if ok {
				fmt.Print(" ", vocabulary[id])
			}
		}
		fmt.Println()
	}
	// Output:
	// 1 left: 1
	// 2 left: C N O = 1
}
