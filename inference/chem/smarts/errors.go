package smarts

import "fmt"

// SyntaxError says where a text stops being a SMARTS that the package understands.
type SyntaxError struct {
	// Pos is the 0-based byte offset of the fault.
	Pos int
	// Msg says what is wrong there.
	Msg string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("SMARTS at byte %d: %s", e.Pos, e.Msg)
}

func syntaxErrorf(pos int, format string, args ...any) error {
	return &SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}
