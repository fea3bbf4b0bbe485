// Command train trains the model of package guard on tables and on the corpus
// beside it. The same input gives the same bytes, on one kind of processor.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

func main() {
	data := flag.String("data", "../shared/data", "the directory of prompts.tsv, descriptions.tsv and odorants.tsv")
	corpus := flag.String("corpus", "internal/signal/guard/corpus", "the directory of the corpus")
	out := flag.String("out", "internal/signal/guard/guard.bin", "where the model goes")
	card := flag.String("card", "docs/model/guard.md", "where the model's card goes")
	flag.Parse()
	if err := run(*data, *corpus, *out, *card); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

// chosen are the options of the shipped model.
var chosen = options{seed: 1, epochs: 12, rate: 0.5, runs: 8}

func run(data, corpus, out, card string) error {
	t, err := tables.Read(os.DirFS(data), os.DirFS(corpus))
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	m := learn(t, chosen).model(t)
	if err := os.WriteFile(out, m.Encode(), 0o644); err != nil { //nolint:gosec // everybody may read it
		return fmt.Errorf("writing the model: %w", err)
	}
	var page bytes.Buffer
	if err := writeCard(&page, t, m, leavings()); err != nil {
		return fmt.Errorf("writing the card: %w", err)
	}
	return os.WriteFile(card, page.Bytes(), 0o644) //nolint:gosec // everybody may read it
}
