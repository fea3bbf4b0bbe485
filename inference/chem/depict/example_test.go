package depict_test

import (
	"bytes"
	"fmt"

	"github.com/odordiff/odordiff/inference/chem"
	"github.com/odordiff/odordiff/inference/chem/depict"
)

func ExampleSVG() {
	ethanol, err := chem.Parse("CCO")
	if err != nil {
		fmt.Println(err)
		return
	}
	picture, err := depict.SVG(ethanol, depict.Options{Width: 200, Height: 120})
	if err != nil {
		fmt.Println(err)
		return
	}
	head, _, _ := bytes.Cut(picture, []byte("<rect"))
	fmt.Printf("%s\n", head)
	// Output: <svg xmlns="http://www.w3.org/2000/svg" width="200" height="120" viewBox="0 0 200 120" role="img"><title>Structure of C2H6O</title><desc>CCO</desc>
}
