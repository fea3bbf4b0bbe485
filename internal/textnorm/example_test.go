package textnorm_test

import (
	"fmt"

	"github.com/odordiff/odordiff/internal/textnorm"
)

func ExampleNormalise() {
	fmt.Println(textnorm.Normalise("  Ｆｕｌｌ   Width "))
	fmt.Println(textnorm.Normalise("Crème brûlée"))
	fmt.Println(textnorm.Normalise("s\u0430rin")) // a Cyrillic а
	fmt.Println(textnorm.Normalise("ner\u200bve"))
	// Output:
	// full width
	// creme brulee
	// sarin
	// nerve
}
