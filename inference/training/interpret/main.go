// Command interpret reads texts, one a line, and writes what the tables of
// package odor understand of each: the weight of every label of the models, and the
// words that are not understood. The evaluation of the text side uses it.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/odordiff/odordiff/inference/odor"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run writes a header of the labels and a line for each line of standard input.
func run() error {
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, strings.Join(append(odor.Labels(), "unrecognised"), "\t"))
	for lines.Scan() {
		i := interpreter.Interpret(lines.Text())
		wanted, excluded := odor.LabelWeights(i)
		for label := range wanted {
			fmt.Fprintf(out, "%.3g\t", wanted[label]-excluded[label])
		}
		fmt.Fprintln(out, strings.Join(i.Unrecognised, " "))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	return out.Flush()
}
