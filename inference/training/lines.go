package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// answerLines reads a question from each line of in, as JSON, and writes its
// answer as a line of out, until in ends or something fails.
func answerLines[Question, Reply any](in io.Reader, out io.Writer, answer func(Question) (Reply, error)) error {
	scanner, encoder := bufio.NewScanner(in), json.NewEncoder(out)
	for n := 1; scanner.Scan(); n++ {
		var q Question
		if err := json.Unmarshal(scanner.Bytes(), &q); err != nil {
			return fmt.Errorf("reading line %d: %w", n, err)
		}
		reply, err := answer(q)
		if err != nil {
			return fmt.Errorf("answering line %d: %w", n, err)
		}
		if err := encoder.Encode(reply); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
	return scanner.Err()
}
