// Command train trains the model of package guard on tables and on the corpus
// beside it. The same input gives the same bytes, on one kind of processor.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/odordiff/odordiff/internal/signal/guard"
)

func main() {
	data := flag.String("data", "../shared/data", "the folder of prompts.tsv, descriptions.tsv and odorants.tsv")
	corpus := flag.String("corpus", "internal/signal/guard/corpus", "the folder of the corpus")
	out := flag.String("out", "internal/signal/guard/guard.bin", "where the model goes")
	flag.Parse()
	if err := run(*data, *corpus, *out); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// chosen are the options of the shipped model.
var chosen = options{seed: 1, epochs: 16, rate: 0.5}

func run(data, corpus, out string) error {
	t, err := read(os.DirFS(data), os.DirFS(corpus))
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	m := learn(t, chosen).model(t)
	counts := map[use]int{}
	for i := range t.samples {
		counts[t.samples[i].use]++
	}
	fmt.Printf("%d texts and templates for training, %d for calibration, %d for testing; a model of %d bytes\n",
		counts[forTraining], counts[forCalibration], counts[forTesting], guard.Size)
	if err := os.WriteFile(out, m.Encode(), 0o644); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	return nil
}
