package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/odordiff/odordiff/inference/odor"
)

// interpret reads texts, one a line, and writes what the tables of package odor
// understand of each: the weight of every label of the models, under a header
// of the labels, and the words that are not understood. The evaluation of the
// text side uses it.
func interpret(_ context.Context, in io.Reader, out io.Writer) error {
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	table := bufio.NewWriter(out)
	fmt.Fprintln(table, strings.Join(append(odor.Labels(), "unrecognised"), "\t"))
	for lines.Scan() {
		i := interpreter.Interpret(lines.Text())
		wanted, excluded := odor.LabelWeights(i)
		for label := range wanted {
			fmt.Fprintf(table, "%.3g\t", wanted[label]-excluded[label])
		}
		fmt.Fprintln(table, strings.Join(i.Unrecognised, " "))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading texts: %w", err)
	}
	return table.Flush()
}
