// Command training makes the serving code available to the Python programs that
// train and evaluate the models, so that training and serving cannot differ:
//
//	go run ./inference/training features  < smiles      > records
//	go run ./inference/training interpret < prompts     > weights
//	go run ./inference/training generate  < requests    > answers
//	go run ./inference/training sample    < requests    > answers
//	go run ./inference/training known     < odorants.tsv > known.bin
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// command reads what it works on from in and writes its results to out.
type command func(ctx context.Context, in io.Reader, out io.Writer) error

var commands = map[string]command{
	"features":  features,
	"generate":  generate,
	"interpret": interpret,
	"known":     known,
	"sample":    sample,
}

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "training:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || commands[args[0]] == nil {
		return errors.New("give one of: " + strings.Join(slices.Sorted(maps.Keys(commands)), ", "))
	}
	if err := commands[args[0]](ctx, in, out); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}
