package pattern

import (
	"os"
	"strings"
)

// payloads are attacks by what should be found in them, and heldOut those that
// were written after the finder: see testdata/payloads.tsv.
var payloads, heldOut = attacks("before"), attacks("after")

// attacks reads those that were written at a time.
func attacks(written string) map[Kind][]string {
	content, err := os.ReadFile("testdata/payloads.tsv")
	if err != nil {
		panic(err)
	}
	kinds := map[string]Kind{}
	for _, kind := range []Kind{Script, SQL, Shell, Template, Path} {
		kinds[kind.String()] = kind
	}
	all := map[Kind][]string{}
	for line := range strings.Lines(string(content)) {
		cells := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(cells) == 3 && cells[0] == written {
			all[kinds[cells[1]]] = append(all[kinds[cells[1]]], cells[2])
		}
	}
	return all
}
