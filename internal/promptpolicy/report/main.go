// Command report says what a policy refuses of what it should refuse and of
// what it should let pass, by class and family, plain and under evasions. It
// judges only texts that the classifier of package guard was not trained on.
// The same input gives the same page.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

func main() {
	var o options
	policies := flag.String("policies", "policies", "the directory of the policy")
	data := flag.String("data", "../shared/data", "the directory of prompts.tsv, descriptions.tsv and odorants.tsv; it may be missing")
	flag.IntVar(&o.misses, "misses", 10, "how many misses and how many false positives to show")
	flag.BoolVar(&o.showGiven, "show-given", false, "show texts of the tables in -data, too")
	flag.Parse()
	if err := run(os.Stdout, *policies, *data, o); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// options say what the page shows.
type options struct {
	misses    int
	showGiven bool
}

// The tables of the repository, from its root.
const (
	corpusDir   = "internal/signal/guard/corpus"
	hazardDir   = "internal/signal/hazard/testdata"
	payloadsDir = "internal/signal/pattern/testdata"
)

func run(out io.Writer, policies, data string, o options) error {
	from := sources{corpus: os.DirFS(corpusDir), hazards: os.DirFS(hazardDir), payloads: os.DirFS(payloadsDir)}
	if _, err := os.Stat(path.Join(data, "prompts.tsv")); err == nil {
		from.given = os.DirFS(data)
	}
	return report(context.Background(), out, policies, from, o)
}

// sources are the directories of the tables. Given may be nil.
type sources struct{ given, corpus, hazards, payloads fs.FS }

// report writes the page.
func report(ctx context.Context, out io.Writer, policies string, from sources, o options) error {
	texts, err := collect(from)
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	policy, err := open(ctx, policies)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	if err := policy.judgeAll(ctx, texts); err != nil {
		return err
	}
	page := bufio.NewWriter(out)
	write(page, texts, from.given != nil, o)
	return page.Flush()
}
