// Command figures reads SMILES, one a line, and writes one line of JSON for
// each: what the project says of it. With -walks n it writes n texts instead,
// random walks through the SMILES grammar.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/odordiff/odordiff/inference/chem/grammar"
	"github.com/odordiff/odordiff/inference/chem/referee"
)

func main() {
	walks := flag.Int("walks", 0, "write this many random walks through the grammar")
	seed := flag.Uint64("seed", 1, "where the walks begin")
	flag.Parse()
	run := func() error { return figures(os.Stdin, os.Stdout) }
	if *walks > 0 {
		run = func() error { return walk(os.Stdout, *walks, rand.New(rand.NewPCG(*seed, 0))) } //nolint:gosec // walks are no secret
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// figures answers lines in their order, working on several at a time.
func figures(in io.Reader, out io.Writer) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading SMILES: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	answers := make([][]byte, len(lines))
	failures := make([]error, len(lines))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				answers[i], failures[i] = json.Marshal(referee.Of(lines[i]))
			}
		})
	}
	for i := range lines {
		next <- i
	}
	close(next)
	workers.Wait()
	w := bufio.NewWriter(out)
	for i, answer := range answers {
		if failures[i] != nil {
			return fmt.Errorf("line %d: %w", i+1, failures[i])
		}
		fmt.Fprintf(w, "%s\n", answer)
	}
	return w.Flush()
}

// vocabulary has what walks are made of; what stands twice is drawn twice as
// often.
//
//nolint:dupword // on purpose
var vocabulary = strings.Fields(`C C C C c c c c c c N n n O o S s F Cl Br I P B ( ( ) ) 1 2 3 4 - = = #
	[nH] [N+] [O-] [n+] [N-] [C@@H] [C@H] [s+] [NH+] [Si] [S+] [13CH2] [se] [Na+] .`)

// walk writes texts of up to 40 tokens, each drawn from those allowed.
func walk(out io.Writer, n int, rng *rand.Rand) error {
	g, err := grammar.New(vocabulary)
	if err != nil {
		return fmt.Errorf("making the grammar: %w", err)
	}
	w := bufio.NewWriter(out)
	allowed := make([]bool, g.Size())
	for range n {
		text, err := oneWalk(g, 1+rng.IntN(40), allowed, rng)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, text)
	}
	return w.Flush()
}

func oneWalk(g *grammar.Grammar, length int, allowed []bool, rng *rand.Rand) (string, error) {
	var text strings.Builder
	state := g.Start()
	for remaining := length; remaining > 0; remaining-- {
		state.Allowed(remaining, allowed)
		var ids []int
		for id, ok := range allowed {
			if ok {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			return "", fmt.Errorf("the grammar has a dead end after %s", text.String())
		}
		id := ids[rng.IntN(len(ids))]
		if err := state.Push(id); err != nil {
			return "", fmt.Errorf("walking: %w", err)
		}
		text.WriteString(vocabulary[id])
	}
	return text.String(), nil
}
