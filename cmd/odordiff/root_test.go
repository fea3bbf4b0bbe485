package main

import "testing"

func TestOnlyTextIsEscapedAndNotCode(t *testing.T) {
	const before = "up <x>:\n\tstill <text>\n\n\tcode <x>\n\n\tmore < code\nand <y>"
	const want = "up \\<x\\>:\n\tstill \\<text\\>\n\n\tcode <x>\n\n\tmore < code\nand \\<y\\>"
	if got := escape(before); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
